import { CacheEventBus, CacheStack } from '../../src/caching';
import { resolveOptions } from '../../src/caching/caching.options';
import { type Backend, postgresAndRedis } from '../support/backends';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { runStrata } from '../support/strata-process';

needs('postgres', 'redis-server');

let backend: Backend;

beforeAll(async () => void (backend = await postgresAndRedis()));
afterAll(() => backend.dispose());

async function nodeOf(prefix: string): Promise<CacheStack> {
  const redis = { url: backend.env.REDIS_URL! };
  const stack = new CacheStack(resolveOptions({ prefix, redis, l2Timeout: '5s' }), new CacheEventBus());
  await stack.start();
  await stack.store.set('greeting', 'hello', {});
  return stack;
}

it('a running node forgets what it held, Redis is freed, and another prefix keeps its own', async () => {
  const { CACHE_PREFIX = '' } = backend.env;
  const [mine, other] = await Promise.all([nodeOf(CACHE_PREFIX), nodeOf(`${CACHE_PREFIX}.other`)]);
  try {
    const { code, output } = await runStrata('cli/cache-clear.js', [], backend.env);
    expect(output).toMatch(
      new RegExp(`^Cleared the cache at redis://.*, prefix ${CACHE_PREFIX}: 1 entry in Redis removed`),
    );
    expect(code).toBe(0);
    await eventually(async () => (await mine.store.get('greeting')) === undefined);
    expect((await other.store.get('greeting'))?.entry.body).toBe('hello');
    const again = await runStrata('cli/cache-clear.js', ['--prefix', CACHE_PREFIX], backend.env);
    expect(again.output).toMatch(/Redis held no entries there/);
  } finally {
    await Promise.all([mine.stop(), other.stop()]);
  }
});

it.each<[string, Record<string, string>, RegExp]>([
  ['no Redis', { REDIS_URL: '' }, /^REDIS_URL is not set.*restart the process/],
  [
    'a Redis that is not there',
    { REDIS_URL: 'redis://127.0.0.1:1' },
    /^The cache at redis:\/\/127\.0\.0\.1:1, .* was not cleared: /,
  ],
  ['a wrong password', { REDIS_URL: 'with password' }, /was not cleared: /],
])('%s: one sentence, exit code 1', async (_what, env, sentence) => {
  const url = new URL(backend.env.REDIS_URL!);
  url.username = 'nobody';
  url.password = 'se-cret';
  const REDIS_URL = env.REDIS_URL === 'with password' ? url.href : env.REDIS_URL!;
  const { code, output } = await runStrata('cli/cache-clear.js', [], { ...backend.env, REDIS_URL });
  expect(code).toBe(1);
  expect(output).toMatch(sentence);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).not.toContain('se-cret');
});
