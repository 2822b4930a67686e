import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { Agent, request } from 'node:https';
import { anyDatabase } from '../../support/backends';
import { type Certificate, selfSigned } from '../../support/certificate';
import { tokenFor } from '../../support/client';
import { needs } from '../../support/needs';
import { Nginx } from '../../support/nginx';
import { freePort } from '../../support/redis-server';
import { useService } from '../../support/service';

needs('nginx', 'openssl');

const service = useService(anyDatabase);
let certificate: Certificate;
let nginx: Nginx;
let session: ClientHttp2Session;
let authority: string;

/** The examples of docs/edges.md, word for word, but for the paths of the certificate, the port and the networks. */
function snippet(tlsPort: number): string {
  const examples = [...readFileSync('docs/edges.md', 'utf8').matchAll(/^```nginx\n(.*?)^```$/gms)].map(
    ([, text]) => text,
  );
  expect(examples).toHaveLength(2);
  const given = examples.join('\n');
  const own = given
    .replace('listen 443 ', `listen 127.0.0.1:${tlsPort} `)
    .replace('/etc/nginx/tls/fullchain.pem', certificate.certificate)
    .replace('/etc/nginx/tls/privkey.pem', certificate.key)
    .replace('allow 10.0.0.0/8', 'allow 127.0.0.1');
  expect(own).not.toMatch(/\/etc\/nginx|listen 443|10\.0\.0\.0/);
  return own;
}

beforeAll(async () => {
  certificate = selfSigned();
  const port = await freePort();
  authority = `https://127.0.0.1:${port}`;
  nginx = await Nginx.start([Number(new URL(service.process().url).port)], undefined, undefined, snippet(port));
  session = connect(authority, { ca: readFileSync(certificate.certificate) });
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
});
afterAll(async () => {
  session?.destroy();
  await nginx?.stop();
  certificate?.dispose();
});

async function ask(
  headers: OutgoingHttpHeaders,
  body = '',
): Promise<{ headers: Record<string, unknown>; text: string }> {
  const stream = session.request(headers, { endStream: body === '' });
  const received = new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.once('response', (head) => resolve({ ...head })).once('error', reject);
  });
  if (body !== '') stream.end(body);
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += String(part);
  return { headers: await received, text };
}

it('speaks HTTP/2, caches, and takes writes', async () => {
  expect(session.alpnProtocol).toBe('h2');
  const first = await ask({ ':path': '/api/products/7' });
  expect(first.headers).toMatchObject({ ':status': 200, 'content-type': 'application/json; charset=utf-8' });
  const statuses = [first.headers['cache-status']];
  // A second ends with the second of the clock, so a hit may take another try.
  for (let n = 0; n < 20; n += 1) statuses.push((await ask({ ':path': '/api/products/7' })).headers['cache-status']);
  expect(statuses).toContainEqual(expect.stringMatching(/nginx; hit/));
  const write = { ':path': '/api/products/7', ':method': 'PATCH', 'content-type': 'application/json' };
  const authorization = `Bearer ${tokenFor('eve', 'editor')}`;
  const written = await ask({ ...write, authorization }, '{"stock": 4321}');
  expect(written.headers[':status']).toBe(200);
  const read = await ask({ ':path': '/api/products/7', 'cache-token': String(written.headers['cache-token']) });
  expect(JSON.parse(read.text)).toMatchObject({ stock: 4321 });
});

it.each([{ 'content-length': '4' }, {}])('refuses a read with a body, as without TLS: %j', async (length) => {
  const path = { ':path': '/api/products/8?currency=EUR' };
  expect((await ask({ ...path, ...length }, 'body')).headers[':status']).toBe(400);
  // What follows on the same connections is what was asked for.
  for (let n = 0; n < 3; n += 1) {
    const { headers, text } = await ask({ ':path': `/api/products/${9 + n}` });
    expect([headers[':status'], (JSON.parse(text) as { id: number }).id]).toEqual([200, 9 + n]);
  }
});

it('opens the documentation to the networks of the example, and nothing else', async () => {
  expect((await ask({ ':path': '/docs/' })).headers[':status']).toBe(200);
  for (const path of ['/metrics', '/console', '/health/ready', '/api/cache/stats']) {
    expect((await ask({ ':path': path })).headers[':status']).toBe(403);
  }
});

it('speaks HTTP/1.1 on the same port to those who do not offer HTTP/2', async () => {
  const agent = new Agent({ ca: readFileSync(certificate.certificate), ALPNProtocols: ['http/1.1'] });
  const response = await new Promise<{ status?: number; version: string }>((resolve, reject) => {
    const asking = request(`${authority}/api/products/7`, { agent }, (message) => {
      message.resume().once('end', () => resolve({ status: message.statusCode, version: message.httpVersion }));
    });
    asking.once('error', reject).end();
  });
  agent.destroy();
  expect(response).toEqual({ status: 200, version: '1.1' });
});
