import type { AddressInfo } from 'node:net';
import { Body, Controller, Delete, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { CacheView, CachingModule } from '../../src/caching';
import { createAdapter } from '../../src/http';
import { CONNECTION_LIMITS, type ConnectionLimits } from '../../src/http/connections';
import { eventually } from '../support/eventually';
import { RawConnection } from '../support/raw-connection';

const calls: string[] = [];
let release: () => void = () => undefined;

@Controller()
class Shop {
  @Get('cached') @CacheView({ shared: true }) cached(): object {
    return {};
  }

  @Get('plain') plain(): object {
    calls.push('plain');
    return {};
  }

  @Get('slow') slow(): Promise<object> {
    calls.push('slow');
    return new Promise((resolve) => (release = () => resolve({})));
  }

  @Post('thing') write(@Body() body: object): object {
    calls.push('write');
    return body;
  }

  @Delete('thing') remove(): object {
    calls.push('remove');
    return {};
  }
}

@Module({ imports: [CachingModule.forRoot({})], controllers: [Shop] })
class ShopModule {}

const open: NestFastifyApplication[] = [];
const connections: RawConnection[] = [];

async function start(limits?: Partial<ConnectionLimits>): Promise<string> {
  const adapter = createAdapter(pino({ level: 'silent' }), { limits: { ...CONNECTION_LIMITS, ...limits } });
  const app = await NestFactory.create<NestFastifyApplication>(ShopModule, adapter, { logger: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}

async function connectTo(url: string): Promise<RawConnection> {
  const connection = await RawConnection.to(url);
  connections.push(connection);
  return connection;
}

beforeEach(() => calls.splice(0));
afterEach(async () => {
  connections.splice(0).forEach((connection) => connection.close());
  await Promise.all(open.splice(0).map((app) => app.close()));
});

const HEAD = 'HTTP/1.1\r\nHost: shop\r\n';
const NEXT = `DELETE /thing ${HEAD}\r\n`;

describe('a request that two servers could read differently is a 400, and nothing after it is processed', () => {
  const ambiguous: [what: string, request: string][] = [
    ...['GET', 'HEAD', 'OPTIONS'].flatMap((method): [string, string][] => [
      [`${method} with a body`, `${method} /plain ${HEAD}Content-Length: 3\r\n\r\nabc`],
      [`${method} with chunks`, `${method} /plain ${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`],
      [`${method} whose body never comes`, `${method} /plain ${HEAD}Content-Length: 1300\r\n\r\n`],
      [`${method} that expects 100`, `${method} /plain ${HEAD}Expect: 100-continue\r\nContent-Length: 1300\r\n\r\n`],
      [`${method} that expects more`, `${method} /plain ${HEAD}Expect: more\r\nContent-Length: 1300\r\n\r\n`],
      [`${method} of a cached route with a body`, `${method} /cached ${HEAD}Content-Length: 1300\r\n\r\n`],
    ]),
    ['an unknown coding', `POST /thing ${HEAD}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`],
    ['a coding before chunked', `POST /thing ${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunked twice', `POST /thing ${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
    [
      'codings on two lines',
      `POST /thing ${HEAD}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a length and chunks', `POST /thing ${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `POST /thing ${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `],
    ['a length with a sign', `POST /thing ${HEAD}Content-Length: +2\r\n\r\n{}`],
    ['chunks in HTTP/1.0', 'POST /thing HTTP/1.0\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two Hosts', `GET /plain ${HEAD}Host: other\r\n\r\n`],
    ['the same Host twice', `GET /cached ${HEAD}Host: shop\r\n\r\n`],
    ['no Host', 'GET /plain HTTP/1.1\r\n\r\n'],
    ['a space before the colon', `GET /plain ${HEAD}Content-Length : 3\r\n\r\nabc`],
    ['a folded header', `GET /plain ${HEAD}X-A: b\r\n Content-Length: 3\r\n\r\nabc`],
    ['a bare CR', `GET /plain ${HEAD}X-A: b\rContent-Length: 3\r\n\r\nabc`],
  ];

  it.each(ambiguous)('%s', async (_what, request) => {
    const url = await start();
    // Until the fast path knows it.
    for (let i = 0; i < 3; i += 1) await fetch(`${url}/cached`);
    const connection = (await connectTo(url)).send(request + NEXT);
    await connection.closed();
    expect(connection.statuses).toHaveLength(1);
    expect([400, 417]).toContain(connection.statuses[0]);
    if (!request.startsWith('HEAD')) expect(connection.received).toMatch(/\r\n\r\n\{"type":"\/problems\/\d+",.*\}$/);
    expect(connection.received).toMatch(/^content-type: application\/problem\+json/im);
    expect(connection.received).toMatch(/^connection: close\r$/im);
    expect(calls).toEqual([]);
  });

  it('an earlier request on the same connection still gets its response, first', async () => {
    const connection = await connectTo(await start());
    connection.send(`GET /slow ${HEAD}\r\nGET /plain ${HEAD}Content-Length: 9\r\n\r\n${NEXT}`);
    await eventually(() => calls.includes('slow'));
    release();
    await connection.closed();
    expect(connection.statuses).toEqual([200, 400]);
    expect(calls).toEqual(['slow']);
  });
});

it('ordinary requests of every kind go on on the same connection', async () => {
  const connection = await connectTo(await start());
  const requests = [
    `GET /plain ${HEAD}Content-Length: 0\r\n\r\n`,
    `POST /thing ${HEAD}Content-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    `POST /thing ${HEAD}Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}`,
    `GET /cached ${HEAD}\r\n`,
    `DELETE /thing ${HEAD}\r\n`,
  ];
  connection.send(requests.join(''));
  await connection.responses(6);
  expect(connection.statuses).toEqual([200, 201, 100, 201, 200, 200]);
  expect(connection.isClosed).toBe(false);
});

describe('a connection that does not come to the point is closed', () => {
  const limits = { headers: 200, request: 400, checkEvery: 50 };

  it.each([
    ['nothing at all', ''],
    ['half a head', `GET /plain ${HEAD}X-A: `],
    ['half a body', `POST /thing ${HEAD}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`],
    [
      'chunks without an end',
      `POST /thing ${HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
    ],
  ])('%s', async (_what, bytes) => {
    const connection = (await connectTo(await start(limits))).send(bytes);
    await connection.closed();
    expect(connection.statuses).toEqual([408]);
    expect(calls).toEqual([]);
  });

  it('between two requests, and while the client sends no byte', async () => {
    const idle = (await connectTo(await start({ keepAlive: 100 }))).send(`GET /plain ${HEAD}\r\n`);
    await idle.closed();
    expect(idle.statuses).toEqual([200]);
    const silent = (await connectTo(await start({ silent: 100 }))).send(`GET /slow ${HEAD}\r\n`);
    await silent.closed();
    expect(silent.received).toBe('');
  });

  it('heads are bounded as well where bodies may take longer', () => {
    expect(CONNECTION_LIMITS.headers).toBeLessThan(CONNECTION_LIMITS.request);
    expect(CONNECTION_LIMITS.request + CONNECTION_LIMITS.checkEvery).toBeLessThanOrEqual(31_000);
  });
});

it('the number of connections is bounded', async () => {
  await start();
  const server = open[0]!.getHttpServer();
  expect(server.maxConnections).toBeGreaterThan(1_000);
  server.maxConnections = 2;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [first, , third] = [await connectTo(url), await connectTo(url), await connectTo(url)];
  await third.closed();
  await first.send(`GET /plain ${HEAD}\r\n`).responses(1);
  expect(first.statuses).toEqual([200]);
});
