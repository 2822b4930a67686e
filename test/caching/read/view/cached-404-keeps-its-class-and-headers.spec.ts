import type { ServerResponse } from 'node:http';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  NotFoundException,
  Res,
} from '@nestjs/common';
import { type AbstractHttpAdapter, APP_FILTER } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { ExpressAdapter } from 'nest-express';
import { CacheView } from '../../../../src/caching';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

/** A page that does not exist, as an application has it that serves another one then. */
class NoPage extends NotFoundException {}

/** It says more than its class. */
class NoNumber extends NotFoundException {
  constructor(readonly number: number) {
    super('No such number');
  }
}

@Catch(NotFoundException)
class NotFoundFilter implements ExceptionFilter<NotFoundException> {
  catch(error: NotFoundException, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { constructor, message } = error;
    void reply
      .status(404)
      .send({ caught: constructor.name, message, number: error instanceof NoNumber ? error.number : 0 });
  }
}

let next: (reply: FastifyReply) => unknown;
let runs = 0;

@Controller()
class Views {
  @Get('view') @CacheView() view(@Res({ passthrough: true }) reply: FastifyReply): unknown {
    runs += 1;
    return next(reply);
  }
}

const throwing = (error: Error) => () => Promise.reject(error);

describe.each<[string, () => AbstractHttpAdapter]>([
  ['Fastify', () => new FastifyAdapter()],
  ['Express', () => new ExpressAdapter() as never],
])('%s', (_name, make) => {
  let app: CachedApp;
  beforeAll(async () => {
    app = await cachedApp({
      adapter: make(),
      controllers: [Views],
      providers: [{ provide: APP_FILTER, useClass: NotFoundFilter }],
    });
  });
  beforeEach(async () => {
    await app.cache.clear();
    runs = 0;
  });
  afterAll(closeApps);

  const ask = async () => {
    const { status, body } = await app.ask('/view');
    return { status, body: JSON.parse(body.toString()) as unknown };
  };

  it.each<[Error, object]>([
    [new NotFoundException('gone'), { caught: 'NotFoundException', message: 'gone', number: 0 }],
    [new NotFoundException({ code: 7 }), { caught: 'NotFoundException', message: 'Not Found Exception', number: 0 }],
    [new NoPage('gone'), { caught: 'NoPage', message: 'gone', number: 0 }],
    [new NoNumber(7), { caught: 'NoNumber', message: 'No such number', number: 7 }],
    [new HttpException('gone', 404), { statusCode: 404, message: 'gone' }],
  ])('a cached 404 is sent by the filter of its class, to every caller: %s', async (error, body) => {
    next = throwing(error);
    const together = await Promise.all([ask(), ask(), ask()]);
    for (const answer of [...together, await ask(), await ask()]) expect(answer).toMatchObject({ status: 404, body });
    expect(runs).toBe(1);
  });

  it.each<[string, Error, number]>([
    ['a member that JSON does not restore', Object.assign(new NoNumber(7), { at: new Date(0) }), 7],
    ['a method of its own', Object.assign(new NoNumber(7), { getStatus: () => 404 }), 7],
    ['a cause', new NotFoundException('gone', { cause: new Error('why') }), 0],
    ['a response that JSON does not restore', new NotFoundException({ at: new Date(0) }), 0],
  ])('a 404 with %s is not cached: a filter could distinguish the copy', async (_what, error, number) => {
    next = throwing(error);
    for (const answer of await Promise.all([ask(), ask()]))
      expect(answer).toMatchObject({ status: 404, body: { number } });
    expect(await ask()).toMatchObject({ status: 404, body: { number } });
    expect(runs).toBe(3);
  });

  it.each([
    ['cache-control', 'no-store'],
    ['vary', 'x-tenant'],
    ['set-cookie', 'a=1'],
    ['x-own', 'yes'],
  ])('a 404 for which the handler sets %s: %s is for its caller only', async (name, value) => {
    next = (reply) => {
      // Express's response has no `raw`.
      if ('raw' in reply) void reply.header(name, value);
      else (reply as ServerResponse).setHeader(name, value);
      throw new NotFoundException('gone');
    };
    for (let i = 0; i < 3; i += 1) {
      const { status, headers } = await app.ask('/view');
      expect(status).toBe(404);
      expect(String(headers[name])).toContain(value);
    }
    expect(runs).toBe(3);
  });
});
