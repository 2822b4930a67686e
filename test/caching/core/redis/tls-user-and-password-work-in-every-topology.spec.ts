import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Certificate, selfSigned } from '../../../support/certificate';
import { effort, slowIt } from '../../../support/effort';
import { eventually } from '../../../support/eventually';
import { quickStart } from '../../../support/machine/quick-start';
import { needs } from '../../../support/needs';
import { RedisCluster } from '../../../support/redis-cluster';
import { freePort, RedisServer } from '../../../support/redis-server';

needs('redis-server', 'openssl');

const PROBE = join(__dirname, '../../../support/redis-probe.cjs');
/** All characters that must be percent-encoded in a URL. */
const PASSWORD = 'p@ss:w/o?r#d%é';
const USER = ['--user', 'shop', 'on', `>${PASSWORD}`, '~*', '&*', '+@all', '-@dangerous'];
const ACCESS = `shop:${encodeURIComponent(PASSWORD)}`;

interface Outcome {
  tier?: string;
  ticks?: number;
  fault?: string;
}

/** What is wrong with a URL, for the ports of a server with TLS and one without, and what is said of it. */
const FAULTS: [string, (tls: number, plain: number) => string, RegExp][] = [
  ['a wrong password', (_, port) => `redis://shop:wrong@127.0.0.1:${port}`, /refuses the user or password.*WRONGPASS/],
  ['an unknown user', (_, port) => `redis://nobody:x@127.0.0.1:${port}`, /refuses the user or password.*WRONGPASS/],
  [
    'a password that the server does not have',
    (_, port) => `redis://:x@127.0.0.1:${port}`,
    /has a password and the server has none/,
  ],
  ['a database number too high', (_, port) => `redis://${ACCESS}@127.0.0.1:${port}/99`, /no database of the number/],
  ['TLS to a server without TLS', (_, port) => `rediss://127.0.0.1:${port}`, /does not speak TLS/],
  [
    'no TLS to a server with TLS',
    (port) => `redis://127.0.0.1:${port}`,
    /closed the connection: if it speaks TLS, use rediss:/,
  ],
  ['a server that is no cluster', (_, port) => `redis+cluster://${ACCESS}@127.0.0.1:${port}`, /no cluster/],
  ['a server that is no sentinel', (_, port) => `redis+sentinel://127.0.0.1:${port}/shop`, /no sentinel/],
  ['an unknown host', () => 'redis://no-such-host.invalid', /host name is unknown/],
];

let certificate: Certificate;
beforeAll(() => {
  certificate = selfSigned();
});
afterAll(() => certificate.dispose());

/** The state of a node that trusts the certificate. */
async function probe(url: string, env: NodeJS.ProcessEnv = { NODE_EXTRA_CA_CERTS: certificate.certificate }) {
  const { args } = quickStart();
  const { stdout } = await promisify(execFile)(process.execPath, [...args, PROBE, url], {
    env: { ...process.env, ...env },
  });
  expect(stdout).not.toContain(encodeURIComponent(PASSWORD));
  return JSON.parse(stdout) as Outcome;
}

const WORKS: Outcome = { tier: 'l2', ticks: 1 };

describe('one server', () => {
  let server: RedisServer;
  let plain: RedisServer;
  beforeAll(async () => {
    [server, plain] = await Promise.all([RedisServer.secured(certificate, ...USER), RedisServer.start(...USER)]);
  });
  afterAll(() => Promise.all([server.stop(), plain.stop()]));

  it('rediss:// with a user, a password and a database number works, as that user, in that database', async () => {
    await server.command('ACL', 'SETUSER', 'default', '-evalsha');
    expect(await probe(`rediss://${ACCESS}@127.0.0.1:${server.port}/3`)).toEqual(WORKS);
    expect(await server.command('INFO', 'keyspace')).toContain('db3:keys=');
    expect(await server.command('DBSIZE')).toBe(0);
  });

  it.each(effort(FAULTS.slice(0, 2), FAULTS))(
    '%s is reported, and the node continues without Redis',
    async (_name, url, sentence) => {
      const { fault } = await probe(url(server.port, plain.port));
      expect(fault).toMatch(sentence);
    },
  );

  it('an untrusted certificate is reported', async () => {
    const { fault } = await probe(`rediss://${ACCESS}@127.0.0.1:${server.port}`, { NODE_EXTRA_CA_CERTS: undefined });
    expect(fault).toMatch(/certificate is not trusted, see NODE_EXTRA_CA_CERTS/);
  });

  it('a certificate of another name is reported', async () => {
    const { fault } = await probe(`rediss://${ACCESS}@localhost:${server.port}`);
    expect(fault).toMatch(/certificate names another host than the Redis URL/);
  });

  slowIt('a server that asks for a certificate of the client is reported', async () => {
    await server.command('CONFIG', 'SET', 'tls-auth-clients', 'yes');
    const { fault } = await probe(`rediss://${ACCESS}@127.0.0.1:${server.port}`);
    expect(fault).toMatch(/certificate of the client.*set tls-auth-clients to no/);
  });
});

/** Speaks TLS as well, with a certificate that the test's own commands need not trust. @returns the port */
async function speakTls(server: RedisServer, own: Certificate): Promise<number> {
  const port = await freePort();
  const files = { 'tls-cert-file': own.certificate, 'tls-key-file': own.key, 'tls-ca-cert-file': own.certificate };
  const settings = { ...files, 'tls-auth-clients': 'no', 'tls-port': String(port) };
  await server.command('CONFIG', 'SET', ...Object.entries(settings).flat());
  return port;
}

slowIt('an expired certificate is reported', async () => {
  const expired = selfSigned({ isExpired: true });
  const server = await RedisServer.start();
  try {
    const port = await speakTls(server, expired);
    const { fault } = await probe(`rediss://127.0.0.1:${port}`, { NODE_EXTRA_CA_CERTS: expired.certificate });
    expect(fault).toMatch(/certificate has expired: renew it/);
  } finally {
    await server.stop();
    expired.dispose();
  }
});

slowIt('rediss+cluster:// with a host name works where the certificate names it, and not its address', async () => {
  const named = selfSigned({ name: 'DNS:localhost' });
  const announced = ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'];
  const server = await RedisServer.secured(
    certificate,
    '--cluster-enabled',
    'yes',
    '--tls-cluster',
    'yes',
    ...announced,
  );
  try {
    await server.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => (await server.command<string>('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    await server.command('CONFIG', 'SET', 'tls-cert-file', named.certificate, 'tls-key-file', named.key);
    const env = { NODE_EXTRA_CA_CERTS: named.certificate };
    expect(await probe(`rediss+cluster://localhost:${server.port}`, env)).toEqual(WORKS);
  } finally {
    await server.stop();
    named.dispose();
  }
});

slowIt('rediss+cluster:// with a user and a password works, and a wrong password is reported', async () => {
  const cluster = await RedisCluster.start(certificate);
  try {
    await Promise.all(cluster.servers.map((server) => server.command('ACL', 'SETUSER', ...USER.slice(1))));
    expect(await probe(`rediss+cluster://${ACCESS}@${cluster.hosts}`)).toEqual(WORKS);
    expect((await probe(`rediss+cluster://shop:wrong@${cluster.hosts}`)).fault).toMatch(/refuses the user or password/);
  } finally {
    await cluster.stop();
  }
});

slowIt(
  'rediss+sentinel:// with a user and a password, also for the sentinels, works, and a wrong password is reported',
  async () => {
    const master = await RedisServer.secured(certificate, ...USER);
    const sentinel = await RedisServer.sentinel('my-shop', master.port, certificate);
    try {
      await sentinel.command(
        'ACL',
        'SETUSER',
        'watcher',
        'on',
        '>secret',
        '+sentinel|get-master-addr-by-name',
        '+ping',
        '+auth',
      );
      const hosts = `127.0.0.1:1,127.0.0.1:${sentinel.port}`;
      const own = 'sentinel_username=watcher&sentinel_password=secret';
      await eventually(async () => {
        expect(await probe(`rediss+sentinel://${ACCESS}@${hosts}/my-shop/2?${own}`)).toEqual(WORKS);
      });
      expect(await master.command('INFO', 'keyspace')).toContain('db2:keys=');
      const faults = await Promise.all([
        probe(`rediss+sentinel://shop:wrong@${hosts}/my-shop?${own}`),
        probe(`rediss+sentinel://${ACCESS}@${hosts}/my-shop?${own}x`),
        probe(`rediss+sentinel://${ACCESS}@${hosts}/other-shop?${own}`),
      ]);
      expect(faults.map(({ fault }) => fault)).toEqual([
        expect.stringContaining('refuses the user or password'),
        expect.stringContaining('refuses the user or password'),
        expect.stringContaining('the sentinel knows no master "other-shop"'),
      ]);
    } finally {
      await Promise.all([master.stop(), sentinel.stop()]);
    }
  },
);
