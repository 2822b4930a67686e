import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Injectable,
  ServiceUnavailableException,
} from '@nestjs/common';
import { type AbstractHttpAdapter, APP_FILTER } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ExpressAdapter } from 'nest-express';
import type { FastifyReply } from 'fastify';
import { CacheView } from '../../../../src/caching';
import { systemTime } from '../../../../src/caching/core/async/time';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

/** What a domain throws that knows nothing of HTTP. */
class DomainError extends Error {
  constructor(readonly status: number) {
    super('domain');
  }
}

@Catch(DomainError)
class DomainFilter implements ExceptionFilter<DomainError> {
  catch({ status }: DomainError, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // `status` and `type` are Express's too.
    void reply.status(status).header('x-filter', 'yes').type('application/problem+json').send({ filtered: status });
  }
}

/** What leaves the client without a body. */
class Nothing extends Error {}

@Catch(Nothing)
class EmptyFilter implements ExceptionFilter<Nothing> {
  catch(_error: Nothing, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().status(404).send();
  }
}

let next: () => unknown;
let runs = 0;

@Injectable()
@Controller()
class Views {
  @Get('view') @CacheView({ ttl: '100s' }) view(): unknown {
    runs += 1;
    return next();
  }
}

let app: CachedApp;
let offset = 0;
const throwing = (error: Error) => () => Promise.reject(error);

describe.each<[string, () => AbstractHttpAdapter]>([
  ['Fastify', () => new FastifyAdapter()],
  ['Express', () => new ExpressAdapter() as never],
])('%s', (_name, make) => {
  beforeAll(async () => {
    const { now } = Date;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + offset);
    // No jitter: a TTL is what the decorator says.
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    jest.spyOn(systemTime, 'mono').mockImplementation(() => performance.now() + offset);
    // The refresh of a view is waited for, however slow this machine is.
    const caching = { softTimeout: '5m' };
    app = await cachedApp({
      adapter: make(),
      caching,
      controllers: [Views],
      providers: [DomainFilter, EmptyFilter].map((useClass) => ({ provide: APP_FILTER, useClass })),
    });
  });
  beforeEach(async () => {
    await app.cache.clear();
    next = () => ({ value: 'first' });
    await app.ask('/view');
    runs = 0;
  });
  afterAll(async () => {
    await closeApps();
    jest.restoreAllMocks();
  });

  /** Longer than the TTL, shorter than the grace. */
  const expire = (): void => void (offset += 200_000);
  const ask = async () => {
    const { status, headers, body } = await app.ask('/view');
    return {
      status,
      body: JSON.parse(body.toString()) as unknown,
      filter: headers['x-filter'],
      cache: headers['x-cache'],
    };
  };

  it.each([404, 409, 410, 422, 403])(
    'an error that a filter maps to %d is sent, and grace does not replace it',
    async (status) => {
      expire();
      next = throwing(new DomainError(status));
      for (let i = 0; i < 2; i += 1) {
        expect(await ask()).toMatchObject({ status, body: { filtered: status }, filter: 'yes' });
      }
      expect(runs).toBe(2);
      next = () => ({ value: 'second' });
      expect(await ask()).toMatchObject({ status: 200, body: { value: 'second' }, cache: 'MISS' });
    },
  );

  it.each<[string, Error]>([
    ['an error that a filter maps to 503', new DomainError(503)],
    ['an error that no filter maps', new Error('connect ECONNREFUSED')],
    ['an exception of 503', new ServiceUnavailableException()],
  ])('%s is a failure: grace serves the older response, whole and marked', async (_what, error) => {
    expire();
    next = throwing(error);
    for (let i = 0; i < 2; i += 1) {
      const answer = await app.ask('/view');
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe('{"value":"first"}');
      expect(answer.headers).toMatchObject({ 'x-cache': 'STALE', 'content-type': 'application/json; charset=utf-8' });
      expect(answer.headers['x-filter']).toBeUndefined();
      expect(Number(answer.headers['age'])).toBeGreaterThanOrEqual(200);
    }
    expect(runs).toBe(1);
  });

  it('without an older response the filter speaks for a failure', async () => {
    await app.cache.clear();
    next = throwing(new DomainError(503));
    expect(await ask()).toMatchObject({ status: 503, body: { filtered: 503 } });
  });

  it.each(['GET', 'HEAD'])('%s: what a filter sends without a body stays so', async (method) => {
    await app.cache.clear();
    next = throwing(new Nothing());
    const { status, body } = await app.ask('/view', { method });
    expect([status, body.length]).toEqual([404, 0]);
  });

  it('in the last tenth of its TTL one caller refreshes a view, and all others are served', async () => {
    offset += 95_000;
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const begun = new Promise<void>((resolve) => {
      next = async () => {
        resolve();
        await released;
        return { value: 'second' };
      };
    });
    const first = ask();
    await begun;
    expect(await Promise.all([ask(), ask()])).toEqual(
      Array(2).fill(expect.objectContaining({ body: { value: 'first' }, cache: 'HIT' })),
    );
    release();
    expect(await first).toMatchObject({ body: { value: 'second' }, cache: 'MISS' });
    expect(await ask()).toMatchObject({ body: { value: 'second' }, cache: 'HIT' });
    expect(runs).toBe(1);
  });

  it('a refresh that fails is a hit, as the response is still fresh', async () => {
    offset += 95_000;
    next = throwing(new DomainError(503));
    for (let i = 0; i < 3; i += 1) expect(await ask()).toMatchObject({ body: { value: 'first' }, cache: 'HIT' });
    expect(runs).toBe(1);
  });
});
