import { Controller, Get } from '@nestjs/common';
import { CACHE_STACK, CacheEventBus, type CacheStack, CacheView } from '../../../../src/caching';
import { cachedApp, closeApps } from '../../../support/nest-app';

@Controller('news')
class NewsController {
  @Get()
  @CacheView()
  list(): object {
    return { news: 'true' };
  }
}

const KEY = 'view:/news{}{}';
const head = (headers: unknown, status: unknown = 200): string => JSON.stringify({ status, headers, etag: '"e"' });

afterEach(closeApps);

const BODIES: [string, string | Buffer | null][] = [
  ['garbage', 'garbage'],
  ['nothing', null],
  ['JSON that is no head', 'null\nbody'],
  ['a head without headers', `${head(null)}\nbody`],
  ['a line end in a header', `${head({ 'x-a': 'b\r\nset-cookie: c=d' })}\nbody`],
  ['a cookie', `${head({ 'set-cookie': 'a=b' })}\nbody`],
  ['a status that is none', `${head({}, '200')}\nbody`],
  ['bytes', Buffer.from([0, 255, 10, 13, 0])],
];

it.each(BODIES)('%s, in this process', async (_what, body) => {
  const { app, ask, cache } = await cachedApp({ controllers: [NewsController] });
  const failures: unknown[] = [];
  app.get(CacheEventBus).on('storeFailed', (_operation, error) => failures.push(error));
  for (let n = 0; n < 3; n += 1) expect((await ask('/news')).status).toBe(200);
  await app.get<CacheStack>(CACHE_STACK).store.set(KEY, body, {});
  const response = await ask('/news');
  expect([response.status, response.body.toString()]).toEqual([200, '{"news":"true"}']);
  expect(response.headers['set-cookie']).toBeUndefined();
  expect(failures).toHaveLength(1);
  expect((await cache.entry(KEY))?.fresh).toBe(true);
});
