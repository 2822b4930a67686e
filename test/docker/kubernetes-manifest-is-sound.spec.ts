import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment' with { 'resolution-mode': 'import' };
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget' with {
  'resolution-mode': 'import',
};
import type { IService } from 'kubernetes-models/v1/Service' with { 'resolution-mode': 'import' };
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config';
import { anyDatabase } from '../support/backends';
import { startStrata } from '../support/strata-process';
import { readDockerfile } from './dockerfile';

const text = readFileSync('docker/kubernetes.yaml', 'utf8');
const documents = parseAllDocuments(text).map((document) => document.toJS() as object);
const [manifest, service, disruption] = documents as [IDeployment, IService, IPodDisruptionBudget];
const deployment = manifest.spec!;
const pod = deployment.template.spec!;
const container = pod.containers[0]!;

/** @returns what the schema of Kubernetes finds wrong; nothing when all is right */
function faultsOf(objects: readonly object[]): string {
  const script = join(__dirname, 'validate-manifest.mjs');
  const { stdout, stderr } = spawnSync(process.execPath, [script], {
    input: JSON.stringify(objects),
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`;
}

it('is what the schema of Kubernetes allows', () => {
  expect(faultsOf(documents)).toBe('');
});

it('the schema finds a mistake', () => {
  expect(faultsOf([{ ...manifest, spec: { ...deployment, replicas: 'two' } }])).toContain('replicas');
});

it('the Service and the budget find the pods, and one pod stays while a machine is drained', () => {
  const { labels } = deployment.template.metadata!;
  for (const selector of [deployment.selector.matchLabels, service.spec!.selector]) {
    expect(labels).toMatchObject(selector!);
  }
  const budget = disruption.spec!;
  expect(labels).toMatchObject(budget.selector!.matchLabels!);
  expect(deployment.replicas! - Number(budget.minAvailable)).toBeGreaterThanOrEqual(1);
  expect(deployment.strategy!.rollingUpdate).toMatchObject({ maxUnavailable: 0 });
});

it('is denied root, capabilities, privileges, a writable root and the machine’s memory', () => {
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(container.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(container.resources).toMatchObject({
    requests: { cpu: expect.any(String) as unknown, memory: expect.any(String) as unknown },
    limits: { memory: expect.any(String) as unknown },
  });
});

it('gives the service only variables that it takes, and the image’s port', () => {
  const plain = Object.fromEntries(container.env!.map(({ name, value }) => [name, value!]));
  const secrets = { DATABASE_URL: 'postgres://db/shop', REDIS_URL: 'redis://cache', JWT_SECRET: 'x'.repeat(32) };
  const named = /create secret(.*)/.exec(text)![1]!.matchAll(/--from-literal=(\w+)/g);
  expect([...named].map(([, name]) => name)).toEqual(Object.keys(secrets));
  const config = loadConfig({ ...plain, ...secrets });
  expect(config.production).toBe(true);
  expect(container.ports).toMatchObject([{ name: 'http', containerPort: config.http.port }]);
  const exposed = readDockerfile('docker/Dockerfile')
    .at(-1)!
    .steps.find(({ word }) => word === 'EXPOSE')!;
  expect(Number(exposed.rest)).toBe(config.http.port);
});

it('the grace period has room for the shutdown’s own and for the requests in flight', () => {
  const grace = Number.parseFloat(container.env!.find(({ name }) => name === 'SHUTDOWN_GRACE')!.value!);
  expect(pod.terminationGracePeriodSeconds!).toBeGreaterThan(grace + 4.5 + 5);
  // An endpoint is taken out within that at the latest, when its readiness has failed.
  const { periodSeconds, failureThreshold } = container.readinessProbe!;
  expect(grace).toBeGreaterThan(periodSeconds! * failureThreshold!);
});

it('its probes request routes that the service has', async () => {
  const backend = await anyDatabase(10_000);
  const running = await startStrata(backend.env);
  try {
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      const { path, port } = probe!.httpGet!;
      expect(port).toBe('http');
      expect((await fetch(running.url + path)).status).toBe(200);
    }
  } finally {
    await running.stop();
    await backend.dispose();
  }
});
