import { onRealServers } from '../support/backends';
import { startStrata } from '../support/strata-process';

const SECRET = 'hunter2';

onRealServers((open) => {
  async function started(env: Record<string, string>): Promise<string> {
    const backend = await open();
    const database = new URL(backend.env.DATABASE_URL ?? '');
    // A server that trusts loopback takes any password.
    database.password ||= SECRET;
    const service = await startStrata({ ...backend.env, DATABASE_URL: database.href, ...env });
    while (!service.output().includes('is ready')) await new Promise((resolve) => setTimeout(resolve, 20));
    await service.stop();
    await backend.dispose();
    expect(service.output()).not.toContain(database.password);
    return service.output();
  }

  it('in production: one line of the log, without a password', async () => {
    const output = await started({ NODE_ENV: 'production', REDIS_URL: `redis://:${SECRET}@127.0.0.1:1/2` });
    const line = output.split('\n').find((text) => text.includes('Strata is ready')) ?? '';
    expect(JSON.parse(line)).toMatchObject({
      database: expect.stringMatching(
        /^PostgreSQL \d+(\.\d+)*, postgres:\/\/127\.0\.0\.1(:\d+)?\/strata_test_\w+$/,
      ) as unknown,
      redis: expect.stringMatching(
        /^redis:\/\/127\.0\.0\.1:1\/2, prefix \w+ \(unavailable, going on without it: nothing listens there: connect ECONNREFUSED 127\.0\.0\.1:1\)$/,
      ) as unknown,
      cache: 'view and query, fresh for 5m, 1h of grace, bounded, 1s at most behind, L1 up to 64MB',
      edge: 'none',
      runtime: expect.stringContaining(`Node ${process.version}`) as unknown,
    });
    expect(output).not.toContain(SECRET);
  });

  it('in development: in words', async () => {
    const output = await started({ CACHE_LAYERS: 'none' });
    expect(output).toMatch(/Database +PostgreSQL \d/);
    expect(output).toMatch(/Cache +no layer/);
    expect(output).not.toContain(SECRET);
  });
});
