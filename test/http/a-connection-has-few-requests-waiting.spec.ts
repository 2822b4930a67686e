import type { Socket } from 'node:net';
import { Controller, Get, Post } from '@nestjs/common';
import { pino } from 'pino';
import { CacheView } from '../../src/caching';
import { createAdapter } from '../../src/http';
import { isRefused } from '../../src/http/connections';
import { MAX_WAITING } from '../../src/http/pipelining';
import { eventually } from '../support/eventually';
import { type CachedApp, cachedApp, closeApps } from '../support/nest-app';
import { RawConnection } from '../support/raw-connection';

let calls = 0;
let written = 0;
let release: () => void = () => undefined;

@Controller()
class Shop {
  @Get('cached') @CacheView({ shared: true }) cached(): object {
    return {};
  }

  @Get('plain') plain(): object {
    calls += 1;
    return {};
  }

  @Get('slow') async slow(): Promise<object> {
    await new Promise<void>((resolve) => (release = resolve));
    return {};
  }

  @Post('thing') write(): object {
    written += 1;
    return {};
  }
}

let shop: CachedApp;
let connection: RawConnection;
/** The other end of it. */
let accepted: Socket;

beforeAll(async () => {
  shop = await cachedApp({ controllers: [Shop], adapter: createAdapter(pino({ level: 'silent' })) });
  shop.app.getHttpServer().on('connection', (socket: Socket) => (accepted = socket));
});
afterAll(closeApps);
beforeEach(async () => {
  [calls, written] = [0, 0];
  connection = await RawConnection.to(shop.url);
});
afterEach(() => connection.close());

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`;
const WRITE = 'POST /thing HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n';
const oks = (count: number): number[] => Array.from({ length: count }, () => 200);

it.each(['/plain', '/cached'])('%s: as many as may wait get their responses, again and again', async (path) => {
  for (let round = 1; round <= 5; round += 1) {
    connection.send(request(path).repeat(MAX_WAITING + 1));
    await connection.responses(round * (MAX_WAITING + 1));
  }
  expect(connection.statuses).toEqual(oks(5 * (MAX_WAITING + 1)));
  expect(connection.isClosed).toBe(false);
});

it.each(['/plain', '/cached'])('%s: one more is a 503 that ends the connection, after all the others', async (path) => {
  connection.send(request(path).repeat(1_000) + WRITE);
  await connection.closed();
  expect(connection.statuses).toEqual([...oks(MAX_WAITING + 1), 503]);
  const refusal = connection.received.slice(connection.received.indexOf('HTTP/1.1 503'));
  expect(refusal).toMatch(/^retry-after: \d+\r$/im);
  expect(refusal).toMatch(/^connection: close\r$/im);
  expect(refusal).toMatch(/\{"type":"\/problems\/503",.*More than 64 requests wait.*\}$/);
  expect(written).toBe(0);
});

it('those that wait are counted across packets, and no longer once they have their responses', async () => {
  connection.send(request('/slow') + request('/plain').repeat(MAX_WAITING - 1));
  await eventually(() => calls === MAX_WAITING - 1);
  connection.send(request('/plain'));
  await eventually(() => calls === MAX_WAITING);
  release();
  await connection.responses(MAX_WAITING + 1);
  connection.send(request('/slow') + request('/plain').repeat(MAX_WAITING));
  await eventually(() => calls === 2 * MAX_WAITING);
  connection.send(request('/plain') + WRITE);
  await eventually(() => isRefused(accepted));
  release();
  await connection.closed();
  expect(connection.statuses).toEqual([...oks(2 * (MAX_WAITING + 1)), 503]);
  expect([calls, written]).toEqual([2 * MAX_WAITING, 0]);
});
