import { cachingOptions } from '../../src/app/caching.setup';
import type { TokenService } from '../../src/auth';
import { loadConfig } from '../../src/config';
import { runStrata } from '../support/strata-process';

const REDIS = 'redis://127.0.0.1';
const production = { NODE_ENV: 'production', JWT_JWKS_URL: 'https://id.example/keys' };
const [one, other] = ['x'.repeat(32), 'y'.repeat(32)];

/** What entries in Redis are signed with. */
const secretOf = (env: Record<string, string>): string | undefined =>
  cachingOptions(loadConfig(env), {} as TokenService).secret;

it('production does not start without a JWT_SECRET', async () => {
  const { code, output } = await runStrata('main.js', [], { NODE_ENV: 'production' });
  expect(code).toBe(1);
  expect(output).toContain('JWT_SECRET must be set in production');
});

it.each<Record<string, string>>([{ REDIS_URL: REDIS }, { REDIS_CLUSTER_NODES: '127.0.0.1:7000' }])(
  'production with an identity provider and %j does not start without a secret: entries could be forged',
  async (redis) => {
    const { code, output } = await runStrata('main.js', [], { ...production, ...redis });
    expect(code).toBe(1);
    expect(output.trim().split('\n').slice(1)).toEqual([
      expect.stringContaining('CACHE_SECRET must be set in production: without it, or JWT_SECRET, entries in Redis'),
    ]);
  },
);

it('entries in Redis are signed with CACHE_SECRET, else with JWT_SECRET', () => {
  const env = { ...production, REDIS_URL: REDIS };
  expect(secretOf({ ...env, CACHE_SECRET: one })).toBe(one);
  expect(secretOf({ ...env, JWT_SECRET: other })).toBe(other);
  expect(secretOf({ ...env, CACHE_SECRET: one, JWT_SECRET: other })).toBe(one);
  expect(loadConfig({ ...env, CACHE_SECRET: one, JWT_SECRET: other }).auth.secret).toBe(other);
});

it('without Redis there is nothing to sign', () => {
  expect(secretOf(production)).toBeUndefined();
});

it('a generated key of tokens signs no entry, as each node has another one', () => {
  const config = loadConfig({ REDIS_URL: REDIS });
  expect(config.auth.generated).toBe(true);
  expect(secretOf({ REDIS_URL: REDIS })).toBeUndefined();
});
