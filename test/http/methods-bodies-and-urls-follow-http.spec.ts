import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { anyDatabase } from '../support/backends';
import { ProblemBody, RequestOptions, tokenFor } from '../support/client';
import { ask } from '../support/http';
import { useService } from '../support/service';
import { KETTLE } from '../products/product';

const service = useService(anyDatabase);
const token = tokenFor('eve', 'editor', 'admin');
/** What clients say of a body of no bytes: `curl -d ''`, fetch with `body: ''`, Ruby, PowerShell. */
const TYPES = ['application/json', 'application/x-www-form-urlencoded', 'text/plain;charset=UTF-8', 'nonsense'];
const JSON_TYPE = { 'content-type': 'application/json' };

function open(): Socket {
  const { hostname, port } = new URL(service.process().url);
  return connect(Number(port), hostname);
}

/** Sends these bytes and reads until the server closes. */
async function exchange(bytes: string | Buffer): Promise<string> {
  const socket = open();
  socket.write(bytes);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  await once(socket, 'close');
  return text;
}

/** The head of a request, byte for byte. */
function written(method: string, path: string, fields: string[]): string {
  const all = ['Host: a', 'Connection: close', `Authorization: Bearer ${token}`, ...fields];
  return `${method} ${path} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`;
}

describe('methods', () => {
  it.each<[string, string, string]>([
    ['DELETE', '/api/products', 'GET, HEAD, POST, OPTIONS'],
    ['POST', '/api/products/1', 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
    ['PUT', '/api/products/stats', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/api/products/featured/', 'GET, HEAD, OPTIONS'],
    ['GET', '/api/products/reprice', 'POST, OPTIONS'],
    ['PATCH', '/api/products/', 'GET, HEAD, POST, OPTIONS'],
    ['GET', '/api/me/watchlist/1', 'PUT, DELETE, OPTIONS'],
    ['POST', '/health/ready', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/docs', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/api/rates', 'GET, HEAD, OPTIONS'],
  ])('%s %s is a 405 that says what is allowed', async (method, path, allow) => {
    const answer = await ask(service.process().url, `${path}?x=1`, { method });
    expect(answer).toMatchObject({ status: 405, headers: { allow, 'cache-control': 'no-store' } });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 405, title: 'Method Not Allowed' });
  });

  it.each(['/api/nothing', '/api/products/1/reviews', '/api/me', '/'.repeat(50)])(
    'DELETE %s is a 404',
    async (path) => {
      const answer = await ask(service.process().url, path, { method: 'DELETE' });
      expect(answer.status).toBe(404);
      expect(answer.headers.allow).toBeUndefined();
    },
  );

  it('OPTIONS says what a URL takes, in which form, without a token', async () => {
    const one = await service.send('OPTIONS', '/api/products/42');
    expect(one).toMatchObject({ status: 204, text: '' });
    expect(one.headers.get('allow')).toBe('GET, HEAD, PUT, PATCH, DELETE, OPTIONS');
    expect(one.headers.get('accept-patch')).toBe('application/merge-patch+json, application/json');
    const list = await service.send('OPTIONS', '/api/products');
    expect(list.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
    expect(list.headers.get('accept-patch')).toBeNull();
    expect((await ask(service.process().url, '*', { method: 'OPTIONS' })).status).toBe(204);
    expect((await service.send('OPTIONS', '/api/nothing')).status).toBe(404);
  });
});

describe('bodies', () => {
  const patch = (options: RequestOptions): ReturnType<typeof service.send<ProblemBody>> =>
    service.send<ProblemBody>('PATCH', '/api/products/2', { token, ...options });

  it('PATCH takes merge-patch, and names what it takes where it does not', async () => {
    const headers = { 'content-type': 'application/merge-patch+json; charset=utf-8' };
    expect(await patch({ body: '{"stock": 5}', headers })).toMatchObject({ status: 200, body: { stock: 5 } });
    const xml = await patch({ body: '<stock/>', headers: { 'content-type': 'application/xml' } });
    expect(xml.status).toBe(415);
    expect(xml.headers.get('accept-patch')).toBe('application/merge-patch+json, application/json');
    const post = await service.send('POST', '/api/products', { token, body: JSON.stringify(KETTLE), headers });
    expect(post.status).toBe(415);
    expect(post.headers.get('accept')).toBe('application/json');
  });

  it.each<[string, string, number]>([
    ['PUT', '/api/me/watchlist/3', 204],
    ['DELETE', '/api/me/watchlist/3', 204],
    ['DELETE', '/api/products/:id', 204],
    ['POST', '/api/cache/warm', 200],
    ['DELETE', '/api/cache', 200],
  ])('%s %s takes any content type without a body', async (method, path, status) => {
    let product = 10;
    for (const type of TYPES) {
      for (const length of [['Content-Length: 0'], []]) {
        // A product can be deleted once.
        const url = path.replace(':id', String((product += 1)));
        const sent = await exchange(written(method, url, [`Content-Type: ${type}`, ...length]));
        expect([type, length, sent.split(' ')[1]]).toEqual([type, length, String(status)]);
      }
    }
  });

  it.each(['POST /api/products', 'POST /api/products/reprice', 'PUT /api/products/2', 'POST /api/cache/evict'])(
    '%s says that a body is missing',
    async (route) => {
      const [method = '', path = ''] = route.split(' ');
      for (const type of TYPES) {
        const headers = { 'content-type': type };
        const answer = await service.send<ProblemBody>(method, path, { token, body: '', headers });
        expect(answer).toMatchObject({ status: 400, body: { detail: 'body must be a JSON object' } });
      }
    },
  );

  it.each(TYPES.slice(1))('a body of %s is a 415 where one is announced', async (type) => {
    const headers = { 'content-type': type };
    expect((await service.send('PUT', '/api/me/watchlist/3', { token, body: 'x', headers })).status).toBe(415);
    const fields = [`Content-Type: ${type}`, 'Transfer-Encoding: chunked'];
    const head = written('PUT', '/api/me/watchlist/3', fields);
    expect(await exchange(`${head}1\r\nx\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 415 /);
  });

  it.each<[string, string, string]>([
    ['POST', '/api/products', JSON.stringify({ ...KETTLE, name: 'caf\u00e9' })],
    ['PUT', '/api/products/2', JSON.stringify({ ...KETTLE, description: 'caf\u00e9' })],
    ['PATCH', '/api/products/2', '{"description": "caf\u00e9"}'],
    ['POST', '/api/products/reprice', '{"category": "caf\u00e9", "percent": 1}'],
    ['POST', '/api/cache/evict', '{"tags": ["caf\u00e9"]}'],
    ['PATCH', '/api/products/2', '{"description": "half a character: \u00f0\u0080"}'],
    ['PATCH', '/api/products/2', '{"description": "a surrogate: \u00ed\u00a0\u0080"}'],
  ])('%s %s with bytes that are no UTF-8 is a 400 that says so, chunked or not', async (method, path, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const head = (field: string): string => written(method, path, ['Content-Type: application/json', field]);
    const before = await service.get('/api/products/2');
    const forms = [
      Buffer.concat([Buffer.from(head(`Content-Length: ${bytes.length}`)), bytes]),
      Buffer.concat([
        Buffer.from(`${head('Transfer-Encoding: chunked')}${bytes.length.toString(16)}\r\n`),
        bytes,
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
    ];
    for (const form of forms) {
      const answer = await exchange(form);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('not valid UTF-8');
    }
    expect((await service.get('/api/products/2')).text).toBe(before.text);
  });

  it('a body that is compressed is a 415 that asks for it as it is', async () => {
    const body = gzipSync('{"stock": 6}');
    const response = await fetch(new URL('/api/products/2', service.process().url), {
      method: 'PATCH',
      body: new Uint8Array(body),
      headers: { ...JSON_TYPE, 'content-encoding': 'gzip', authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(415);
    expect(response.headers.get('accept-encoding')).toBe('identity');
    expect(
      (await patch({ body: '{"stock": 6}', headers: { ...JSON_TYPE, 'content-encoding': 'identity' } })).status,
    ).toBe(200);
  });
});

describe('URLs', () => {
  it.each([
    '/api/products?search=caf%E9',
    '/api/products?search=%zz',
    '/api/products?search=%',
    '/api/products?%=1',
    '/api/products/1?currency=%C3',
    '/api/products/featured?page=1&x=%ff',
    '/api/me/dashboard?page=%ED%A0%80',
  ])('GET %s is a 400 that says so, before it costs anything', async (path) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    expect(await exchange(Buffer.from(request, 'latin1'))).toMatch(/^HTTP\/1\.1 400 [\s\S]*percent-encoded/);
  });

  it('bytes beyond ASCII are a 400', async () => {
    const answer = await exchange(
      Buffer.from('GET /api/products?search=caf\u00c3\u00a9 HTTP/1.1\r\nHost: a\r\n\r\n', 'latin1'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('what is encoded well is found', async () => {
    expect((await service.get('/api/products?search=caf%C3%A9')).status).toBe(200);
  });
});

describe('connections', () => {
  it('garbage while a stream is under way ends the connection, and is not written into it', async () => {
    const socket = open();
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(`GET /api/cache/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(socket, 'data');
    socket.write('GARBAGE \u0001\r\n\r\n');
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('garbage behind a response that is complete gets a 400', async () => {
    const socket = open();
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.write('GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    socket.write('GARBAGE\r\n\r\n');
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1 (200|400)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });
});
