import { type Certificate, selfSigned } from '../support/certificate';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { PostgresServer } from '../support/postgres-server';
import { sql } from '../support/sql';
import { expectSentence } from '../support/start-sentence';
import { type Finished, runStrata } from '../support/strata-process';

needs('postgres', 'openssl');

let certificate: Certificate;
let server: PostgresServer;
beforeAll(async () => {
  certificate = selfSigned();
  server = await PostgresServer.start({}, certificate);
  const [file] = await sql<{ hba_file: string }>(server.url, 'SHOW hba_file');
  await sql(server.url, `COPY (SELECT 'hostssl all all all password') TO '${file!.hba_file}'`);
  await sql(server.url, 'SELECT pg_reload_conf()');
  await eventually(() =>
    sql(server.url, 'SELECT').then(
      () => false,
      () => true,
    ),
  );
});
afterAll(async () => {
  await server.stop();
  certificate.dispose();
});

const seed = (query: string, env: Record<string, string> = {}): Promise<Finished> =>
  runStrata('cli/seed.js', ['--count', '1'], { DATABASE_URL: `${server.url}?${query}`, ...env });

it('a URL without sslmode', async () => {
  const ended = await runStrata('main.js', [], { DATABASE_URL: server.url, PORT: '0' });
  expectSentence(ended, /no encryption\. .* add \?sslmode=verify-full to DATABASE_URL/);
});

it('an authority that is not known, and either way to make it known', async () => {
  const { code, output } = await seed('sslmode=verify-full');
  expect(output).toMatch(
    /self-signed certificate.*\. .* sslrootcert=\/path\/to\/ca\.pem in DATABASE_URL, or NODE_EXTRA/,
  );
  expect(code).toBe(1);
  const trusting = [
    seed(`sslmode=verify-full&sslrootcert=${certificate.certificate}`),
    seed('sslmode=verify-full', { NODE_EXTRA_CA_CERTS: certificate.certificate }),
  ];
  for (const ended of await Promise.all(trusting))
    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('Added 1 products') as string });
});

it('a host that the certificate does not name', async () => {
  const { output } = await seed(`host=localhost&sslmode=verify-full&sslrootcert=${certificate.certificate}`);
  expect(output).toMatch(/at localhost:\d+\/postgres .* Use a host in DATABASE_URL that the certificate names\./);
});

it('a file of an authority that is not there', async () => {
  const { output } = await seed('sslmode=verify-full&sslrootcert=/nowhere/ca.pem');
  expect(output).toMatch(/ENOENT.*\/nowhere\/ca\.pem.* Correct the path of that file in DATABASE_URL\./);
});
