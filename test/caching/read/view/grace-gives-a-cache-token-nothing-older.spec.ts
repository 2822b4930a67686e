import { Controller, Get, Injectable, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CacheQuery, type CacheStack, CacheView } from '../../../../src/caching';
import { CACHE_STACK } from '../../../../src/caching/caching.tokens';
import { keyTag } from '../../../../src/caching/core/store/entry';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

let isBroken = false;
let loads = 0;
const source = (): Promise<object> => {
  loads += 1;
  return isBroken ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve({ load: loads });
};

@Injectable()
class Prices {
  @CacheQuery({ tags: ['prices'] })
  find(): Promise<object> {
    return source();
  }
}

@Controller()
class Views {
  constructor(private readonly prices: Prices) {}

  @Get('view') @CacheView() async view(): Promise<object> {
    return { of: await source() };
  }

  @Get('query') @CacheView() async query(): Promise<object> {
    return { of: await this.prices.find() };
  }

  @Get('no-store') @CacheView() async noStore(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    void reply.header('cache-control', 'no-store');
    return { of: await this.prices.find() };
  }
}

let app: CachedApp;
let stack: CacheStack;

const open = async (layers: readonly ('view' | 'query')[]): Promise<void> => {
  isBroken = false;
  app = await cachedApp({ caching: { layers }, controllers: [Views], providers: [Prices] });
  stack = app.app.get<CacheStack>(CACHE_STACK);
};
afterEach(closeApps);

/** A write of everything. @returns its token */
const write = async (): Promise<string> => {
  await app.cache.clear();
  const { epoch, tick } = stack.clock.instant();
  return `${epoch}.${tick}`;
};
const ask = (path: string, token?: string) =>
  app.ask(path, { headers: token === undefined ? {} : { 'cache-token': token } });
/** Makes all that is cached old, as a write does, and leaves it for grace. */
const stamp = (path: string): Promise<unknown> =>
  stack.store.invalidate(path === '/view' ? [keyTag('view:/view{}{}')] : ['prices']);

/** The source's own failure is passed on where the handler throws it, until the source rests. */
const OWN = [500, undefined];
const REFUSED = [503, '1'];

it.each<[string, string, readonly ('view' | 'query')[], unknown[]]>([
  ['a view', '/view', ['view', 'query'], OWN],
  ['a query in a view', '/query', ['view', 'query'], REFUSED],
  ['a query in a view that is not stored', '/no-store', ['view', 'query'], REFUSED],
  ['a query with the view layer off', '/query', ['query'], REFUSED],
])(
  '%s: what a write has made old is a failure for its token, and grace for all others',
  async (_what, path, layers, first) => {
    await open(layers);
    const before = await write();
    const fresh = await ask(path);
    await stamp(path);
    const { epoch, tick } = stack.clock.instant();
    isBroken = true;
    for (const failure of [first, REFUSED]) {
      const refused = await ask(path, `${epoch}.${tick}`);
      expect([refused.status, refused.headers['retry-after']]).toEqual(failure);
      expect(refused.body.toString().includes('Cache-Token')).toBe(failure === REFUSED);
      for (const token of [undefined, before]) {
        const answer = await ask(path, token);
        expect([answer.status, answer.body.toString()]).toEqual([200, fresh.body.toString()]);
        expect(answer.headers['x-cache']).toBe('STALE');
      }
    }
    isBroken = false;
    await stamp(path);
    const again = await ask(path, `${epoch}.${tick}`);
    expect([again.status, again.body.equals(fresh.body)]).toEqual([200, false]);
  },
);

it('callers that wait for one load are each judged by their own token', async () => {
  await open(['view', 'query']);
  const before = await write();
  await ask('/query');
  await stamp('/query');
  const { epoch, tick } = stack.clock.instant();
  isBroken = true;
  const answers = await Promise.all([`${epoch}.${tick}`, before, undefined].map((token) => ask('/query', token)));
  expect(answers.map(({ status }) => status)).toEqual([503, 200, 200]);
});
