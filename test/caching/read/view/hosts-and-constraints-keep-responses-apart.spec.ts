import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Controller, Get, HostParam, type INestApplication, Module, type Type } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from 'nest-express';
import { FastifyAdapter, type NestFastifyApplication, RouteConstraints } from '@nestjs/platform-fastify';
import { CacheView, CachingModule, type CachingOptions } from '../../../../src/caching';
import { ask } from '../../../support/http';
import { cachedApp, closeApps } from '../../../support/nest-app';
import type { FastifyReply } from 'fastify';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';

@Controller({ path: 'home', host: 'a.example' })
class OfA {
  @Get() @CacheView() home(): object {
    return { of: 'a' };
  }
}

@Controller({ path: 'home', host: 'b.example' })
class OfB {
  @Get() @CacheView() home(): object {
    return { of: 'b' };
  }
}

@Controller({ path: 'account', host: ':account.example' })
class OfAccount {
  @Get() @CacheView() account(@HostParam('account') account: string): object {
    return { account };
  }
}

@Controller()
class Constrained {
  @Get('constrained') @RouteConstraints({ version: '1.0.0' }) @CacheView() first(): object {
    return { version: 1 };
  }
  @Get('constrained') @RouteConstraints({ version: '2.0.0' }) @CacheView() second(): object {
    return { version: 2 };
  }
  @Get('by-host') @RouteConstraints({ host: 'a.example' }) @CacheView() ofA(): object {
    return { host: 'a' };
  }
  @Get('by-host') @CacheView() ofOthers(): object {
    return { host: 'another' };
  }
}

const tenants = new AsyncLocalStorage<string>();

@Controller()
class OfTenants {
  @Get('tenant') @CacheView() tenant(): object {
    return { tenant: tenants.getStore() };
  }
}

const onRequest = (app: NestFastifyApplication, vary: (reply: FastifyReply) => unknown): void => {
  const server = app.getHttpAdapter().getInstance();
  server.addHook('onRequest', (request, reply, done) => {
    vary(reply);
    tenants.run(String(request.headers['x-tenant']), done);
  });
};

/** How an application may say in several steps what its responses vary on. */
const STEPS: Record<string, { adapter?: AbstractHttpAdapter; prepare: (app: NestFastifyApplication) => void }> = {
  'an array in Fastify': {
    prepare: (app) => onRequest(app, (reply) => reply.header('vary', ['X-Tenant', 'Accept-Language'])),
  },
  "headers appended to Node's response": {
    prepare: (app) =>
      onRequest(app, ({ raw }) => raw.appendHeader('vary', 'X-Tenant').appendHeader('vary', 'Accept-Language')),
  },
  'headers appended in Express': {
    adapter: new ExpressAdapter() as never,
    prepare: (app) =>
      app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        response.appendHeader('vary', 'X-Tenant').appendHeader('vary', 'Accept-Language');
        tenants.run(String(request.headers['x-tenant']), next);
      }),
  },
};

const REQUESTS: [string, string, Record<string, string>][] = ['a', 'b', 'c', 'd'].flatMap((name) => {
  const host = `${name}.example`;
  return [
    [`/home of ${host}`, '/home', { host }],
    [`/account of ${host}`, '/account', { host }],
    [`/by-host of ${host}`, '/by-host', { host }],
  ] as [string, string, Record<string, string>][];
});
for (const version of ['1.0.0', '2.0.0', '2.x', '3.0.0']) {
  REQUESTS.push([`/constrained ${version}`, '/constrained', { 'accept-version': version }]);
}

const ADAPTERS: Record<string, { make: () => AbstractHttpAdapter; controllers: Type[] }> = {
  // Fastify itself refuses two controllers with one path.
  Fastify: { make: () => new FastifyAdapter(), controllers: [OfA, OfAccount, Constrained] },
  Express: { make: () => new ExpressAdapter() as never, controllers: [OfA, OfB, OfAccount] },
};

needs('redis-server');
const open: INestApplication[] = [];
let server: RedisServer;

async function start(adapter: string, caching?: CachingOptions): Promise<string> {
  const { make, controllers } = ADAPTERS[adapter]!;
  const imports = caching ? [CachingModule.forRoot(caching)] : [];
  @Module({ imports, controllers })
  class App {}
  const app = await NestFactory.create(App, make(), { logger: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
}

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(async () => {
  await Promise.all([closeApps(), ...open.map((app) => app.close())]);
  await server.stop();
});

it.each(Object.keys(ADAPTERS))(
  '%s: each host, host parameter and constraint gets what it gets without the cache, on two nodes',
  async (adapter) => {
    const caching = { prefix: `hosts-${randomUUID()}`, l2Timeout: '10s', redis: { url: server.url } };
    const plain = await start(adapter);
    const nodes = [await start(adapter, caching), await start(adapter, caching)];
    const served = new Set<unknown>();
    for (let turn = 0; turn < 3; turn += 1) {
      for (const [name, path, headers] of REQUESTS) {
        const expected = await ask(plain, path, { headers });
        for (const url of nodes) {
          const answer = await ask(url, path, { headers });
          const shown = [name, answer.status, answer.body.toString()];
          expect(shown).toEqual([name, expected.status, expected.body.toString()]);
          served.add(answer.headers['x-cache']);
        }
      }
    }
    expect(served).toContain('HIT');
  },
);

it.each(Object.entries(STEPS))(
  '%s: a Vary of several steps is sent, and each response is its own',
  async (_how, parts) => {
    const app = await cachedApp({ controllers: [OfTenants], ...parts });
    for (let turn = 0; turn < 3; turn += 1) {
      for (const tenant of ['a', 'b']) {
        for (const method of ['GET', 'HEAD']) {
          const { status, body, headers } = await app.ask('/tenant', { method, headers: { 'x-tenant': tenant } });
          expect([status, body.toString()]).toEqual([200, method === 'GET' ? JSON.stringify({ tenant }) : '']);
          const vary = String(headers['vary']).toLowerCase().split(/, */);
          expect(vary).toEqual(expect.arrayContaining(['x-tenant', 'accept-language', 'accept-encoding', 'cookie']));
          if (turn > 0) expect(headers['x-cache']).toBe('HIT');
        }
      }
    }
  },
);
