import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { boundedError } from '../../src/http/log-error';
import { redactTokens } from '../../src/http/redact-tokens';
import { Backend, anyDatabase } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { effort } from '../support/effort';
import { eventually } from '../support/eventually';
import { startStrata, StrataProcess } from '../support/strata-process';

const LEAKY_ERRORS = join(__dirname, '../support/preload/leaky-errors.cjs');
const token = tokenFor('ann', 'editor', 'admin');
const signature = token.split('.')[2] ?? '';
/** Longest line that any request may cause, in characters: a stack is the longest part of it. */
const LONGEST_LINE = 10_000;

describe.each(effort(['trace'], ['info', 'trace']))('in production, at LOG_LEVEL=%s', (level) => {
  let backend: Backend;
  let service: StrataProcess;

  beforeAll(async () => {
    backend = await anyDatabase(10_000);
    const env = { NODE_ENV: 'production', LOG_LEVEL: level, NODE_OPTIONS: `--require=${LEAKY_ERRORS}` };
    service = await startStrata({ ...backend.env, ...env });
  });

  afterAll(async () => {
    await service.kill();
    await backend.dispose();
  });

  /** Sends the request as it is written, and closes the connection at the first byte of the response. */
  async function hangUpAfter(path: string): Promise<void> {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    await once(socket, 'close');
  }

  const lines = (): string[] => service.output().split('\n');
  const logged = (text: string): Promise<boolean> => eventually(() => service.output().includes(text));

  afterEach(() => {
    expect(service.output()).not.toContain(signature);
    expect(Math.max(...lines().map(({ length }) => length))).toBeLessThan(LONGEST_LINE);
  });

  it('a stream that its client gives up', async () => {
    await hangUpAfter('/api/cache/live');
    if (level === 'trace') await logged('the client closed the connection');
    // The place of the stream is free again, so whatever it had to log is written.
    await eventually(async () => (await send(service.url, '/api/cache/live?seconds=1', { token })).status === 200);
    expect(lines().filter((line) => line.includes('/api/cache/live') && line.includes('"level":50'))).toEqual([]);
  });

  it.each<[string, string, string, unknown, number]>([
    ['a 400', 'POST', '/api/products', { nonsense: token }, 400],
    ['a 400 of the query', 'DELETE', `/api/products/1?token=${token}`, undefined, 400],
    ['a 404 of a long URL', 'GET', `/${'x'.repeat(15_000)}?access_token=${token}`, undefined, 404],
    ['a 500', 'PATCH', '/api/products/1', { stock: 1 }, 500],
  ])('%s', async (_what, method, path, json, status) => {
    const answer = await send(service.url, path, { method, json, token });
    expect(answer.status).toBe(status);
    await logged(String(answer.headers.get('x-request-id')));
  });

  it('a 500 is logged with its stack and its cause', () => {
    expect(service.output()).toMatch(
      /"type":"Error","message":"planted, for Bearer \[redacted\]","stack":"Error: planted/,
    );
    expect(service.output()).toContain('"cause":{"type":"Error","message":"why"');
  });

  it('a crash, which is logged and ends the process with 1', async () => {
    const exited = once(service.child, 'exit');
    await expect(send(service.url, '/crash', { token })).rejects.toThrow();
    expect(await exited).toEqual([1, null]);
    await logged('uncaught error: the process ends');
  });
});

describe('each of the two walls stands alone', () => {
  const error = Object.assign(new Error('planted'), { request: { headers: { authorization: `Bearer ${token}` } } });

  it('the serializer of errors', () => {
    expect(boundedError(error)).not.toHaveProperty('request');
  });

  it.each<[string, unknown]>([
    ['an error', { err: error }],
    ['a header', { req: { headers: { authorization: `Bearer ${token}` } } }],
    ['a flat list of headers', { raw: ['Host', 'a', 'Authorization', `Bearer ${token}`] }],
    ['JSON in JSON', { body: JSON.stringify({ headers: { Authorization: `Bearer ${token}` } }) }],
    ['a URL', { url: `/api/products?token=${token}` }],
    ['a message', { msg: `refused: bearer ${token}` }],
    ['an opaque token', { headers: { authorization: signature } }],
    ['a cookie', { headers: { cookie: `session=${signature}` } }],
  ])('the search of finished lines, which finds %s', (_what, value) => {
    let written = '';
    const sink = new Writable({ write: (chunk, _encoding, done) => ((written += String(chunk)), done()) });
    pino({ hooks: { streamWrite: redactTokens }, serializers: {} }, sink).info(value);
    expect(written).not.toContain(signature);
    expect(written).toContain('[redacted]');
    expect(() => JSON.parse(written) as unknown).not.toThrow();
  });
});
