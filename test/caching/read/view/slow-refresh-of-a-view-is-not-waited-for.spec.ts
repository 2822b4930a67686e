import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CacheView } from '../../../../src/caching';
import { systemTime } from '../../../../src/caching/core/async/time';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

interface Run {
  readonly reply: FastifyReply;
  readonly finish: (value: object) => void;
}

/** Runs of the handler that wait for the test, in their order. */
const runs: Run[] = [];
let onRun: () => void = () => undefined;
let isHeld = false;

@Controller()
class Views {
  @Get('view')
  @CacheView({ ttl: '100s' })
  view(@Res({ passthrough: true }) reply: FastifyReply): unknown {
    if (!isHeld) return { value: 'first' };
    void reply.header('x-of-the-new-value', 'yes').header('cache-control', 'no-store');
    return new Promise((finish) => {
      runs.push({ reply, finish });
      onRun();
    });
  }
}

let app: CachedApp;
let offset = 0;

beforeAll(async () => {
  const { now } = Date;
  jest.spyOn(Date, 'now').mockImplementation(() => now() + offset);
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  jest.spyOn(systemTime, 'mono').mockImplementation(() => performance.now() + offset);
  app = await cachedApp({ caching: { softTimeout: 50 }, controllers: [Views] });
});
afterAll(async () => {
  await closeApps();
  jest.restoreAllMocks();
});

const ask = async () => {
  const { headers, body } = await app.ask('/view');
  return { body: body.toString(), cache: headers['x-cache'], headers };
};
const nextRun = (): Promise<void> => new Promise((resolve) => (onRun = resolve));
const old = { body: '{"value":"first"}', cache: 'HIT' };

it('the caller that refreshes a view is served the fresh response; the next caller completes the refresh', async () => {
  await ask();
  const { headers: before } = await ask();
  isHeld = true;
  offset += 95_000;

  // Nothing ends the handler's run before both are served.
  const [first, second] = await Promise.all([ask(), ask()]);
  expect([first, second]).toEqual([expect.objectContaining(old), expect.objectContaining(old)]);
  expect(runs).toHaveLength(1);
  // What the handler set for its own response is not sent with the older one.
  expect(first.headers['x-of-the-new-value']).toBeUndefined();
  expect(first.headers['cache-control']).toBe(before['cache-control']);

  runs[0]!.finish({ value: 'abandoned' });
  await new Promise(setImmediate);
  const began = nextRun();
  const third = ask();
  await began;
  expect(await ask()).toMatchObject(old);
  void runs[1]!.reply.removeHeader('cache-control');
  runs[1]!.finish({ value: 'second' });
  expect(await third).toMatchObject({ body: '{"value":"second"}', cache: 'MISS' });
  expect(await ask()).toMatchObject({ body: '{"value":"second"}', cache: 'HIT' });
  expect(runs).toHaveLength(2);
});
