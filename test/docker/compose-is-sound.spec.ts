import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config';
import { Environment } from '../../src/config/environment';
import { Nginx } from '../support/nginx';
import { Varnish } from '../support/varnish';
import { composeSchema } from './compose-schema';
import { needs } from '../support/needs';

interface ComposeService {
  image: string;
  command?: string[];
  pids_limit?: number;
  environment?: Record<string, string>;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
  networks?: string[];
}
interface Compose {
  services: Record<string, ComposeService>;
  volumes: Record<string, null>;
  networks: Record<string, { internal?: boolean } | null>;
}

const FOLDER = 'docker';
const text = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8');
const { services, volumes, networks } = parse(text, { merge: true }) as Compose;
const mounts = Object.values(services).flatMap((service) => service.volumes ?? []);
const nodes = ['strata-1', 'strata-2'];
const secret = 'a secret for tests that is long enough';
const SECRETS = ['JWT_SECRET', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'GRAFANA_PASSWORD'];
const allSecrets = Object.fromEntries(SECRETS.map((name) => [name, secret.replaceAll(' ', '-')]));

/** `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, as Compose fills them in. */
function filledIn(value: string, env: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind?: string, rest = '') => {
    const given = env[name] ?? '';
    if (given !== '') return given;
    if (kind === '?') throw new Error(`${name}: ${rest as string}`);
    return rest as string;
  });
}

it('is what the Compose specification allows', () => {
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.validate(composeSchema, parse(text, { merge: true }));
  expect(ajv.errors).toBeNull();
});

it('mounts files that are there, and volumes that it declares', () => {
  const sources = mounts.map((mount) => mount.split(':')[0]!);
  const files = sources.filter((source) => source.startsWith('.'));
  expect(files.filter((file) => !existsSync(join(FOLDER, file)))).toEqual([]);
  expect(sources.filter((source) => !source.startsWith('.')).sort()).toEqual(Object.keys(volumes).sort());
});

it('waits for services that exist and have a health check', () => {
  for (const { depends_on = {} } of Object.values(services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      expect(Object.keys(services)).toContain(name);
      // The nodes' is in the Dockerfile.
      const tells = services[name]!.healthcheck !== undefined || services[name]!.image === 'strata';
      expect([name, condition, tells]).toEqual([name, 'service_healthy', true]);
    }
  }
  expect(readFileSync(join(FOLDER, 'Dockerfile'), 'utf8')).toMatch(/^HEALTHCHECK /m);
});

it('sets only variables that the nodes know, with values that they accept', () => {
  for (const node of nodes) {
    const { environment = {} } = services[node]!;
    const known = Object.keys(new Environment());
    const secrets = ['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'CACHE_SECRET'];
    const also = [...secrets, 'EDGE_PURGE_URL', 'EDGE_TTL', 'PUBLIC_URL', 'RATES_URL'];
    expect(Object.keys(environment).filter((name) => ![...known, ...also].includes(name))).toEqual([]);
    const cases: Record<string, string>[] = [
      allSecrets,
      { ...allSecrets, EDGE_PURGE: 'varnish', EDGE_PURGE_URL: 'http://varnish' },
    ];
    for (const given of cases) {
      const env = Object.entries(environment).map(([name, value]) => [name, filledIn(value, given)] as const);
      const config = loadConfig(Object.fromEntries(env));
      expect([config.production, config.edge.purge]).toEqual([true, given.EDGE_PURGE ?? 'none']);
    }
  }
});

it.each(SECRETS)('does not start without %s, and has none of its own', (name) => {
  const needing = [...text.matchAll(/\$\{[^}]*\}/g)].map(([value]) => value).filter((value) => value.includes(name));
  expect(needing.length).toBeGreaterThan(0);
  for (const value of needing) expect(() => filledIn(value, { ...allSecrets, [name]: '' })).toThrow(`${name}: set it`);
  expect(readFileSync(join(FOLDER, 'README.md'), 'utf8')).toMatch(new RegExp(`for name in .*${name}.*> .env`));
});

it('lets only the nodes reach the database and the cache, and these reach no other service', () => {
  expect(networks.data).toEqual({ internal: true });
  const inData = Object.keys(services).filter((name) => services[name]!.networks?.includes('data'));
  expect(inData.sort()).toEqual([...nodes, 'postgres', 'seed', 'valkey'].sort());
  for (const name of ['postgres', 'valkey']) expect(services[name]!.networks).toEqual(['data']);
  expect(Object.values(services).flatMap((service) => service.networks ?? [])).toEqual(
    expect.arrayContaining(Object.keys(networks)),
  );
});

it('pins every image of others to a version', () => {
  const images = Object.values(services).map(({ image }) => image);
  const foreign = images.filter((image) => image !== 'strata');
  expect(foreign.filter((image) => !/:v?\d+(\.\d+)*(-alpine)?$/.test(image))).toEqual([]);
});

it('gives nginx every variable of its templates, and the nodes by their names', () => {
  const templates = readdirSync(join(FOLDER, 'nginx/templates'));
  const text = templates.map((file) => readFileSync(join(FOLDER, 'nginx/templates', file), 'utf8')).join('\n');
  const needed = [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!))].filter(Boolean);
  const { environment = {} } = services.nginx!;
  const filter = new RegExp(environment.NGINX_ENVSUBST_FILTER!);
  expect(needed.filter((name) => environment[name] === undefined || !filter.test(name))).toEqual([]);
  for (const node of nodes) {
    expect(environment.NGINX_NODES).toContain(`server ${node}:3000 `);
    expect(readFileSync(join(FOLDER, 'varnish/default.vcl'), 'utf8')).toContain(`.host = "${node}"; .port = "3000";`);
  }
});

it('lets Varnish have as many threads as it may make', () => {
  const { command = [], pids_limit: limit = 0 } = services['varnish']!;
  const [most] = command.flatMap((word) => /^thread_pool_max=(\d+)$/.exec(word)?.slice(1).map(Number) ?? []);
  // Two pools, which begin with 100 each, and some threads of other kinds.
  expect(most).toBeGreaterThanOrEqual(100);
  expect(limit).toBeGreaterThan(2 * most! + 100);
});

it('keeps the clock’s key when Valkey is full', () => {
  expect(services.valkey!.command).toEqual(
    expect.arrayContaining(['--maxmemory', '--maxmemory-policy', 'volatile-lfu']),
  );
});

describe('nginx itself', () => {
  needs('nginx');

  it('nginx takes the template', () => {
    expect(() => Nginx.check()).not.toThrow();
  });
});

describe('Varnish itself', () => {
  needs('varnish');

  it('Varnish takes the VCL', () => {
    expect(() => Varnish.check()).not.toThrow();
  });
});
