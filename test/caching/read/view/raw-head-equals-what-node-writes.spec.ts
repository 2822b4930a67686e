import { once } from 'node:events';
import { createServer, type RequestListener, type Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { RawHead } from '../../../../src/caching/read/view/response/raw-head';

type Fields = Record<string, string | string[]>;
type Way = (response: ServerResponse, status: number, fields: Fields, body: Buffer) => unknown;
interface Case {
  /** By request, counted from 0 to 4 and over again. */
  fields?: (n: number) => Fields;
  /** What somebody does to the answer before its head is written. */
  before?: (response: ServerResponse, n: number) => unknown;
  maxRequestsPerSocket?: number;
  /** A client that asks whether to go on is told the outcome at once. */
  skipsContinue?: boolean;
}

const BODY = Buffer.from('{"of":"everybody"}');
const OK: Fields = { 'content-type': 'application/json', etag: '"a"', 'content-length': String(BODY.length) };
const NOT_MODIFIED: Fields = { etag: '"a"' };

/** How a head gets onto an answer: by Node alone, by us, and by a framework that was lent ours. */
function ways(): Record<'node' | 'sent' | 'completed' | 'lent', Way> {
  const [sent, completed, lent] = [pair(), pair(), pair()];
  return {
    node: (response, status, fields, body) => response.writeHead(status, fields).end(body),
    sent: (response, status, fields, body) => sent[status]!.send(response, status, fields, body),
    completed: (response, status, fields, body) =>
      completed[status]!.sendWith(response, status, fields, (given) => ({ ...given }), body),
    lent: (response, status, fields, body) => {
      lent[status]!.lendTo(response);
      return response.writeHead(status, fields).end(body);
    },
  };
}

function pair(): Record<number, RawHead> {
  return { 200: new RawHead(), 304: new RawHead() };
}

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

async function listen(write: Way, { fields, before, maxRequestsPerSocket = 0, skipsContinue }: Case): Promise<number> {
  let requests = 0;
  const listener: RequestListener = ({ headers }, response) => {
    const n = requests++ % 5;
    try {
      before?.(response, n);
      const isHeld = headers['if-none-match'] !== undefined;
      // A body is none of a 304's, and Node drops it.
      write(response, isHeld ? 304 : 200, fields?.(n) ?? (isHeld ? NOT_MODIFIED : OK), BODY);
    } catch (error) {
      drop(response);
      expect(error).toHaveProperty('code', expect.stringMatching(/^ERR_(INVALID_CHAR|HTTP_HEADERS_SENT)$/));
    }
  };
  const server = createServer({ keepAliveTimeout: 65_000 }, listener);
  server.maxRequestsPerSocket = maxRequestsPerSocket;
  if (skipsContinue) server.on('checkContinue', listener);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Ends its connection, behind what was pipelined before it: Node 24 forgets a response that is destroyed before it has a socket. */
function drop(response: ServerResponse): void {
  if (response.socket) response.destroy();
  else response.once('socket', () => response.destroy());
}

/** All that comes back, without the one line that is another each second. */
async function talk(port: number, requests: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(requests);
  return (await buffer(socket)).toString('latin1').replaceAll(/Date: .*\r\n/g, 'Date: now\r\n');
}

const get = (version: string, ...headers: string[]): string =>
  [`GET / HTTP/${version}`, 'host: a', ...headers, '', ''].join('\r\n');
const last = get('1.1', 'connection: close');
const several = get('1.1').repeat(4) + last;

const requests: [name: string, requests: string, options?: Case][] = [
  ['one after the other', several],
  ['304', get('1.1', 'if-none-match: "a"').repeat(3) + last],
  ['an answer that ends its connection', last],
  ['HTTP/1.0', get('1.0')],
  ['HTTP/1.0, to be kept open', get('1.0', 'connection: keep-alive') + last],
  ['HTTP/1.0 and 304', get('1.0', 'connection: keep-alive', 'if-none-match: "a"')],
  ['HEAD', get('1.1').replace('GET', 'HEAD').repeat(3) + last],
  ['a client that waits for 100', get('1.1', 'expect: 100-continue').repeat(2) + last],
  ['a client that waits for 100 in vain', get('1.1', 'expect: 100-continue') + last, { skipsContinue: true }],
  // One too many, which ends the connection.
  ['the last answer that a connection is good for', get('1.1') + get('1.1') + last, { maxRequestsPerSocket: 2 }],
];
const answers: [name: string, requests: string, options: Case][] = [
  ['an id of its own for each request', several, { fields: (n) => ({ a: 'b', 'x-request-id': `id-${n}`, ...OK }) }],
  ['an id of another length', several, { fields: (n) => ({ ...OK, 'x-request-id': 'i'.repeat(n + 1) }) }],
  ['an id now and then', several, { fields: (n) => (n % 2 ? { ...OK, 'x-request-id': 'i' } : OK) }],
  [
    'an id that has no place in a head',
    several,
    { fields: (n) => ({ ...OK, 'x-request-id': n < 2 ? 'i' : 'i\r\na: b' }) },
  ],
  ['a value that differs', several, { fields: (n) => ({ ...OK, etag: `"${n}"` }) }],
  ['one header more', several, { fields: (n) => (n < 2 ? OK : { ...OK, more: 'b' }) }],
  ['one header less', several, { fields: (n) => (n < 2 ? { more: 'b', ...OK } : OK) }],
  ['another order', several, { fields: (n) => (n < 2 ? { more: 'b', ...OK } : { ...OK, more: 'b' }) }],
  ['several of a name', several, { fields: (n) => ({ ...OK, more: ['b', String(n)] }) }],
  ['no length', several, { fields: () => ({ etag: '"a"' }) }],
  ['a connection that is to end', several, { fields: (n) => (n < 2 ? OK : { ...OK, connection: 'close' }) }],
  ['a connection that always ends', several, { fields: () => ({ ...OK, connection: 'close' }) }],
  ['a head that is written already', several, { before: (response, n) => n > 1 && response.writeHead(200, OK) }],
  ['a header that is there before', several, { before: (response, n) => n > 1 && response.setHeader('x-own', n) }],
  ['words of its own', several, { before: (response, n) => n > 1 && (response.statusMessage = 'Fine') }],
  ['no date', several, { before: (response, n) => n > 1 && (response.sendDate = false) }],
  ['no word of the connection', several, { before: (response, n) => n > 1 && response.removeHeader('connection') }],
];

it.each([...requests, ...answers])('%s', async (_name, asked, options = {}) => {
  const { node, ...ours } = ways();
  const expected = await talk(await listen(node, options), asked);
  expect(expected).toMatch(/^HTTP\/1\.1 (100 Continue|200 OK|304 Not Modified)\r\n/);
  for (const way of Object.values(ours)) {
    const port = await listen(way, options);
    for (let i = 0; i < 3; i += 1) expect(await talk(port, asked)).toBe(expected);
  }
});

it('later changes of one response leave the repeated head alone', async () => {
  const head = new RawHead();
  const fields = { ...OK };
  const port = await listen((response) => {
    head.send(response, 200, fields, BODY);
    fields.etag = '"b"';
  }, {});
  const told = await talk(port, several);
  expect(told.match(/etag: ".*"/g)).toEqual(['etag: "a"', ...Array<string>(4).fill('etag: "b"')]);
});

it('a head is completed once a second for each set of headers it is given', async () => {
  const head = new RawHead();
  const complete = jest.fn((given: object) => ({ ...given, ...OK }));
  const port = await listen((response, status, fields) => head.sendWith(response, status, fields, complete, BODY), {
    fields: (n) => ({ vary: n < 3 ? 'a' : 'b', 'x-request-id': String(n) }),
  });
  const began = Date.now();
  const said = await talk(port, get('1.1').repeat(4) + last);
  expect(said.match(/vary: .|etag: "."|x-request-id: ./g)).toEqual(
    [0, 1, 2, 3, 4].flatMap((n) => [`vary: ${n < 3 ? 'a' : 'b'}`, `x-request-id: ${n}`, 'etag: "a"']),
  );
  // One for each of the two, one for the response that ends the connection, and as many again when the second changes.
  expect(complete.mock.calls.length).toBeLessThanOrEqual(3 * (1 + Math.ceil((Date.now() - began) / 1_000)));
});

it('a listener of writeHead is still called', async () => {
  const heard: number[] = [];
  const { sent, completed, lent } = ways();
  const before = (response: ServerResponse): void => {
    const writeHead = response.writeHead.bind(response) as (status: number, ...rest: unknown[]) => ServerResponse;
    response.writeHead = (status: number, ...rest: unknown[]) => {
      heard.push(status);
      return writeHead(status, ...rest);
    };
  };
  for (const way of [sent, completed, lent]) await talk(await listen(way, { before }), several);
  expect(heard).toEqual(Array(15).fill(200));
});

it.each(['sent', 'completed', 'lent'] as const)(
  '%s: Node writes it once a second, and once for who ends the connection',
  async (name) => {
    const made = jest.spyOn(ServerResponse.prototype as unknown as { _storeHeader: () => void }, '_storeHeader');
    const port = await listen(ways()[name], { fields: (n) => ({ ...OK, 'x-request-id': String(n) }) });
    const began = Date.now();
    await talk(port, get('1.1').repeat(50) + last);
    expect(made.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect(made.mock.calls.length).toBeLessThanOrEqual(3 + Math.ceil((Date.now() - began) / 1_000));
    made.mockRestore();
  },
);
