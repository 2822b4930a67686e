import { Injectable } from '@nestjs/common';
import { CacheQuery } from '../../../../src/caching';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

interface Token {
  readonly text: string;
  readonly seconds: number;
}

@Injectable()
class Tokens {
  runs = 0;

  @CacheQuery({
    ttl: (token: Token | null) => (token ? token.seconds * 1_000 : '1h'),
    key: (name: string, _seconds: number | null) => name,
  })
  async token(name: string, seconds: number | null): Promise<Token | null> {
    this.runs += 1;
    return Promise.resolve(seconds === null ? null : { text: name, seconds });
  }
}

let app: CachedApp;
let tokens: Tokens;
beforeAll(async () => {
  app = await cachedApp({ providers: [Tokens] });
  tokens = app.app.get(Tokens);
});
beforeEach(() => (tokens.runs = 0));
afterAll(() => closeApps());

const ttl = async (name: string): Promise<number> => {
  const { entries } = await app.cache.entries({ prefix: `query:Tokens.token(${name})` });
  return entries[0]?.ttl ?? NaN;
};

it.each<[string, number | null, number]>([
  ['short', 60, 60],
  ['long', 7_200, 7_200],
  ['absent', null, 3_600],
])('a function of the result: %s', async (name, seconds, expected) => {
  for (let i = 0; i < 2; i += 1) await tokens.token(name, seconds);
  expect(tokens.runs).toBe(1);
  // The jitter is at most ten per cent, and some seconds may have passed.
  expect(Math.abs((await ttl(name)) / expected - 1)).toBeLessThanOrEqual(0.3);
});

it('a result whose TTL is 0 is not cached', async () => {
  for (let i = 0; i < 2; i += 1) expect(await tokens.token('none', 0)).toEqual({ text: 'none', seconds: 0 });
  expect(tokens.runs).toBe(2);
});

it('a TTL that is none is an error that names the method', async () => {
  await expect(tokens.token('broken', -1)).rejects.toThrow('Tokens.token: ttl');
});
