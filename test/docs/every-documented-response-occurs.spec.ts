import { type Answer, type RequestOptions, tokenFor } from '../support/client';
import { anyDatabase } from '../support/backends';
import { useService } from '../support/service';
import { KETTLE } from '../products/product';

interface Response {
  headers?: Record<string, unknown>;
  content?: Record<string, unknown>;
}
type Document = { paths: Record<string, Record<string, { responses: Record<string, Response> }>> };
type Exchange = [status: number, method: string, path: string, options?: RequestOptions];

const LIMIT = 60;
const service = useService(anyDatabase, { THROTTLE_LIMIT: String(LIMIT) });
const editor = tokenFor('eve', 'editor');
const admin = tokenFor('ada', 'admin');
const alice = tokenFor('alice');
const guest = tokenFor('guest');
const flood = tokenFor('flood', 'admin', 'editor');
const etag = { 'if-match': '"another"' };
const onlyCached = { headers: { 'cache-control': 'only-if-cached' } };
const text = { 'content-type': 'text/plain' };
/** A JSON body over the limit of every route but the batch, which closes the connection while a larger one is sent. */
const huge = { description: 'x'.repeat(70_000) };

/** The GETs that are cached: each is 200, then 304, 412, 504 for a page that no one has requested, and 400. */
const cached = (path: string, other: string, token?: string): Exchange[] => [
  [504, 'GET', other, { ...onlyCached, token }],
  [200, 'GET', path, { token }],
  [304, 'GET', path, { token, headers: { 'if-none-match': '*' } }],
  [412, 'GET', path, { token, headers: etag }],
  [400, 'GET', `${path}?nonsense=1`, { token }],
];
/** What every locked route says of a caller without a token, and without the role. */
const locked = (method: string, path: string, role: boolean): Exchange[] => [
  [401, method, path],
  ...(role ? ([[403, method, path, { token: guest }]] as Exchange[]) : []),
];
/** What every route with a body says of a wrong one. */
const bodied = (method: string, path: string, token: string): Exchange[] => [
  [400, method, path, { token, json: { nonsense: 1 } }],
  ...(path.endsWith('/batch') ? [] : ([[413, method, path, { token, json: huge }]] as Exchange[])),
  [415, method, path, { token, headers: text, body: 'x' }],
];

const EXCHANGES: Exchange[] = [
  ...cached('/api/products', '/api/products?page=3'),
  [404, 'GET', '/api/products?page=100000'],
  ...cached('/api/products/featured', '/api/products/featured?page=2'),
  [404, 'GET', '/api/products/featured?page=100000'],
  ...cached('/api/products/stats', '/api/products/stats'),
  ...cached('/api/products/1', '/api/products/99'),
  [404, 'GET', '/api/products/2000000000'],
  ...cached('/api/rates', '/api/rates'),
  ...cached('/api/me/dashboard', '/api/me/dashboard', alice),
  [404, 'GET', '/api/me/dashboard?page=1000', { token: alice }],
  ...locked('GET', '/api/me/dashboard', false),
  [200, 'GET', '/health/live'],
  [400, 'GET', '/health/live?nonsense=1'],
  [200, 'GET', '/health/ready'],
  [400, 'GET', '/health/ready?nonsense=1'],
  [200, 'GET', '/metrics'],
  [400, 'GET', '/metrics?nonsense=1'],

  ...(['POST /api/products', 'POST /api/products/reprice', 'POST /api/products/batch'] as const).flatMap((route) => {
    const [method, path] = route.split(' ') as [string, string];
    return [...locked(method, path, true), ...bodied(method, path, editor)];
  }),
  ...(['PUT', 'PATCH'] as const).flatMap((method) => [
    ...locked(method, '/api/products/1', true),
    ...bodied(method, '/api/products/1', editor),
  ]),
  ...locked('DELETE', '/api/products/1', true),
  [201, 'POST', '/api/products', { token: editor, json: KETTLE, headers: { 'idempotency-key': 'one' } }],
  [
    422,
    'POST',
    '/api/products',
    { token: editor, json: { ...KETTLE, stock: 1 }, headers: { 'idempotency-key': 'one' } },
  ],
  [
    422,
    'POST',
    '/api/products/reprice',
    { token: editor, json: { category: 'toys', percent: 2 }, headers: { 'idempotency-key': 'one' } },
  ],
  [
    422,
    'POST',
    '/api/products/batch',
    { token: editor, json: { patch: [{ id: 1, stock: 2 }] }, headers: { 'idempotency-key': 'one' } },
  ],
  [200, 'POST', '/api/products/reprice', { token: editor, json: { category: 'toys', percent: 1 } }],
  [200, 'POST', '/api/products/batch', { token: editor, json: { patch: [{ id: 1, stock: 1 }] } }],
  [404, 'POST', '/api/products/batch', { token: editor, json: { delete: [2000000000] } }],
  [200, 'PATCH', '/api/products/1', { token: editor, json: { stock: 4 } }],
  [404, 'PATCH', '/api/products/2000000000', { token: editor, json: { stock: 4 } }],
  [412, 'PATCH', '/api/products/1', { token: editor, json: { stock: 5 }, headers: etag }],
  [200, 'PUT', '/api/products/1', { token: editor, json: KETTLE }],
  [404, 'PUT', '/api/products/2000000000', { token: editor, json: KETTLE }],
  [412, 'PUT', '/api/products/1', { token: editor, json: KETTLE, headers: etag }],
  [400, 'DELETE', '/api/products/one', { token: editor }],
  [412, 'DELETE', '/api/products/1', { token: editor, headers: etag }],
  [204, 'DELETE', '/api/products/1', { token: editor }],
  [404, 'DELETE', '/api/products/1', { token: editor }],

  ...(['PUT', 'DELETE'] as const).flatMap((method): Exchange[] => [
    ...locked(method, '/api/me/watchlist/2', false),
    [400, method, '/api/me/watchlist/two', { token: alice }],
    [204, method, '/api/me/watchlist/2', { token: alice }],
  ]),
  [404, 'PUT', '/api/me/watchlist/2000000000', { token: alice }],

  ...(['stats', 'entries', 'entries/none', 'live'] as const).flatMap((name) => [
    ...locked('GET', `/api/cache/${name}`, true),
    [400, 'GET', `/api/cache/${name}?nonsense=1`, { token: admin }] as Exchange,
  ]),
  [200, 'GET', '/api/cache/stats', { token: admin }],
  [200, 'GET', '/api/cache/entries', { token: admin }],
  [200, 'GET', `/api/cache/entries/${encodeURIComponent('view:/api/products/stats{}{}')}`, { token: admin }],
  [404, 'GET', '/api/cache/entries/none', { token: admin }],
  [200, 'GET', '/api/cache/live?seconds=1', { token: admin }],
  ...locked('DELETE', '/api/cache/entries/none', true),
  [200, 'DELETE', '/api/cache/entries/none', { token: admin }],
  [400, 'DELETE', '/api/cache/entries/none?nonsense=1', { token: admin }],
  ...locked('POST', '/api/cache/evict', true),
  ...bodied('POST', '/api/cache/evict', admin),
  [200, 'POST', '/api/cache/evict', { token: admin, json: { tags: ['product:1'] } }],
  ...locked('POST', '/api/cache/warm', true),
  [400, 'POST', '/api/cache/warm?nonsense=1', { token: admin }],
  [200, 'POST', '/api/cache/warm', { token: admin }],
  ...locked('DELETE', '/api/cache', true),
  [400, 'DELETE', '/api/cache?nonsense=1', { token: admin }],
  [200, 'DELETE', '/api/cache', { token: admin }],
];

/** Reached in specs of their own: a body of 4 MB, a list of 500 products, a warming that is running. */
const ELSEWHERE = new Set([
  'post /api/products/batch 413',
  'put /api/me/watchlist/{productId} 409',
  'post /api/cache/warm 409',
]);

/** Headers that say something about the response. The others belong to the connection, to browsers or to CORS. */
const MEANINGFUL = new Set(
  'etag cache-control cache-status x-cache age vary x-request-id www-authenticate retry-after cache-token location last-modified idempotency-replayed cache-group-invalidation'.split(
    ' ',
  ),
);

let document: Document;
beforeAll(async () => {
  document = (await service.get<Document>('/docs-json')).body;
});

/** The documented route of a URL: the literal one before the one with a parameter. */
function routeOf(path: string): string {
  const parts = path.split('?', 1)[0]!.split('/');
  const matching = Object.keys(document.paths).filter((route) => {
    const wanted = route.split('/');
    return wanted.length === parts.length && wanted.every((part, n) => part.startsWith('{') || part === parts[n]);
  });
  return matching.sort((a, b) => a.split('{').length - b.split('{').length)[0] ?? path;
}

function documented(method: string, path: string, status: number): Response | undefined {
  return document.paths[routeOf(path)]?.[method.toLowerCase()]?.responses[status];
}

/** Why a response is not as the document says; undefined: it is. */
function breach(exchange: Exchange, { status, headers }: Answer<unknown>): string | undefined {
  const [expected, method, path] = exchange;
  const name = `${method} ${path} ${status}`;
  if (status !== expected) return `${name}, and not ${expected}`;
  const response = documented(method, path, status);
  if (!response) return `${name} is not documented`;
  const known = Object.keys(response.headers ?? {}).map((header) => header.toLowerCase());
  const unknown = [...headers.keys()].filter((header) => MEANINGFUL.has(header) && !known.includes(header));
  if (unknown.length > 0) return `${name} has undocumented headers: ${unknown.join(', ')}`;
  const type = headers.get('content-type')?.split(';', 1)[0];
  const types = Object.keys(response.content ?? {});
  return type !== undefined && types.length > 0 && !types.includes(type) ? `${name} is ${type}` : undefined;
}

it('every response is documented with its headers, and every documented one is reached', async () => {
  const breaches: string[] = [];
  const reached = new Set<string>();
  for (const exchange of EXCHANGES) {
    const [, method, path, options] = exchange;
    const answer = await service.send<unknown>(method, path, options);
    reached.add(`${method.toLowerCase()} ${routeOf(path)} ${answer.status}`);
    const found = breach(exchange, answer);
    if (found !== undefined) breaches.push(found);
  }
  for (let n = 0; n < LIMIT; n++) await service.send('DELETE', '/api/cache/entries/none', { token: flood });
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      if (!('429' in responses)) continue;
      const url = path.replace(/\{\w+\}/g, '5');
      const answer = await service.send<unknown>(method.toUpperCase(), url, { token: flood });
      reached.add(`${method} ${path} ${answer.status}`);
      const found = breach([429, method.toUpperCase(), url], answer);
      if (found !== undefined) breaches.push(found);
    }
  }
  const missed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.keys(responses)
        // Faults of the server and its parts, which have specs of their own.
        .filter((status) => !['500', '503'].includes(status))
        .map((status) => `${method} ${path} ${status}`)
        .filter((name) => !reached.has(name) && !ELSEWHERE.has(name)),
    ),
  );
  expect({ breaches, missed }).toEqual({ breaches: [], missed: [] });
});
