import { createServer, type RequestListener, type Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { Head } from '../../../src/caching/view/head';

const BODY = Buffer.from('{"of":"everybody"}');
const FIELDS = ['content-type', 'application/json', 'etag', '"a"', 'content-length', String(BODY.length)];
const NOT_MODIFIED = ['etag', '"a"'];

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

async function listen(listener: RequestListener, maxRequestsPerSocket = 0): Promise<number> {
  const server = createServer({ keepAliveTimeout: 65_000 }, listener);
  server.maxRequestsPerSocket = maxRequestsPerSocket;
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** All that comes back, without the one line that is another each second. */
async function talk(port: number, requests: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(requests);
  return (await buffer(socket)).toString('latin1').replaceAll(/Date: .*\r\n/g, 'Date: now\r\n');
}

/** One server that writes each head itself, and one that repeats what Node wrote. */
async function both(maxRequestsPerSocket?: number): Promise<{ written: number; repeated: number }> {
  const [ok, notModified] = [new Head(200, FIELDS), new Head(304, NOT_MODIFIED)];
  const written = await listen(({ headers }, response) => {
    if (headers['if-none-match']) response.writeHead(304, NOT_MODIFIED).end();
    else response.writeHead(200, FIELDS).end(BODY);
  }, maxRequestsPerSocket);
  const repeated = await listen(({ headers }, response) => {
    (headers['if-none-match'] ? notModified : ok).write(response);
    response.end(headers['if-none-match'] ? undefined : BODY);
  }, maxRequestsPerSocket);
  return { written, repeated };
}

const get = (version: string, ...headers: string[]): string =>
  [`GET / HTTP/${version}`, 'host: a', ...headers, '', ''].join('\r\n');
const last = get('1.1', 'connection: close');

it.each<[string, string]>([
  ['one after the other', get('1.1') + get('1.1') + last],
  ['304', get('1.1', 'if-none-match: "a"') + get('1.1', 'if-none-match: "a"') + last],
  ['an answer that ends its connection', last],
  ['HTTP/1.0', get('1.0')],
  ['HTTP/1.0, to be kept open', get('1.0', 'connection: keep-alive') + last],
  ['HTTP/1.0 and 304', get('1.0', 'connection: keep-alive', 'if-none-match: "a"')],
])('%s', async (_name, requests) => {
  const { written, repeated } = await both();
  const expected = await talk(written, requests);
  expect(expected).toMatch(/^HTTP\/1\.1 (200 OK|304 Not Modified)\r\n/);
  for (let i = 0; i < 3; i += 1) expect(await talk(repeated, requests)).toBe(expected);
});

it('the last answer that a connection is good for says so', async () => {
  const { written, repeated } = await both(2);
  // One too many, which ends the connection.
  const requests = get('1.1') + get('1.1') + last;
  const expected = await talk(written, requests);
  expect(expected).toContain('Connection: close');
  for (let i = 0; i < 3; i += 1) expect(await talk(repeated, requests)).toBe(expected);
});

it('what somebody has put on the answer before is there', async () => {
  const head = new Head(200, FIELDS);
  let n = 0;
  const port = await listen((_request, response) => {
    response.setHeader('x-own', String((n += 1)));
    head.write(response);
    response.end(BODY);
  });
  for (let i = 1; i <= 3; i += 1) expect(await talk(port, last)).toContain(`x-own: ${i}\r\n`);
});

it('Node writes it once a second, and once for who ends the connection', async () => {
  const writeHead = jest.spyOn(ServerResponse.prototype, 'writeHead');
  const head = new Head(200, FIELDS);
  const port = await listen((_request, response) => {
    head.write(response);
    response.end(BODY);
  });
  const began = Date.now();
  await talk(port, get('1.1').repeat(50) + last);
  expect(writeHead.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(writeHead.mock.calls.length).toBeLessThanOrEqual(3 + Math.ceil((Date.now() - began) / 1_000));
  writeHead.mockRestore();
});
