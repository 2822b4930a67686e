import { type Backend, onRealServers } from '../support/backends';
import { type Answer, type ProblemBody, send, tokenFor } from '../support/client';
import { effort } from '../support/effort';
import { startStrata, type StrataProcess } from '../support/strata-process';
import { TcpProxy } from '../support/tcp-proxy';

/** Where a connection breaks: before the server has what the client sent, or while its response is under way. */
type Moment = 'before' | 'after';

interface Request {
  method: string;
  path: string;
  json?: unknown;
  headers?: Record<string, string>;
  user?: string;
}

onRealServers((open) => {
  let backend: Backend;
  let wire: TcpProxy;
  let service: StrataProcess;
  let number = 0;

  beforeAll(async () => {
    backend = await open(10_000);
    const direct = backend.env.DATABASE_URL!;
    const url = new URL(direct);
    wire = await TcpProxy.to(Number(url.port || 5432));
    url.host = `127.0.0.1:${wire.port}`;
    // Only what requests do passes the wire: the drain has the server itself.
    service = await startStrata({ ...backend.env, DATABASE_URL: url.href, DATABASE_DIRECT_URL: direct });
  });

  afterAll(async () => {
    await service.stop();
    await wire.close();
    await backend.dispose();
  });

  /** Sends the request and breaks all connections at its `at`-th message. @returns its response, and how many messages there were */
  async function cutAt(
    at: number,
    when: Moment,
    { method, path, json, headers, user = 'eve' }: Request,
  ): Promise<[Answer<ProblemBody>, number]> {
    let messages = 0;
    wire.intercept((pass) => {
      messages += 1;
      if (messages !== at) return pass();
      if (when === 'after') pass();
      wire.cut();
    });
    const token = tokenFor(user, 'editor');
    const response = await send<ProblemBody>(service.url, path, { method, token, json, headers });
    wire.intercept((pass) => pass());
    return [response, messages];
  }

  const requests: Record<string, () => Request> = {
    'a page': () => ({ method: 'GET', path: `/api/products?page=${number}` }),
    'a page by cursor': () => ({ method: 'GET', path: `/api/products?cursor=*&min_price=${number}` }),
    'a product': () => ({ method: 'GET', path: `/api/products/${9_000 - number}` }),
    'the dashboard': () => ({ method: 'GET', path: '/api/me/dashboard', user: `user ${number}` }),
    'a product on the watchlist': () => ({ method: 'PUT', path: `/api/me/watchlist/${number}` }),
    PATCH: () => ({ method: 'PATCH', path: `/api/products/${number}`, json: { stock: number } }),
    'PATCH with If-Match': () => ({
      method: 'PATCH',
      path: `/api/products/${number}`,
      json: { stock: number },
      headers: { 'if-match': '*' },
    }),
    PUT: () => ({
      method: 'PUT',
      path: `/api/products/${number}`,
      json: { name: `put ${number}`, price: 1, description: 'd', category: 'toys', stock: 1, rating: 3 },
    }),
    DELETE: () => ({ method: 'DELETE', path: `/api/products/${number}` }),
    POST: () => ({
      method: 'POST',
      path: '/api/products',
      json: { name: `new ${number}`, price: 1, description: 'd', category: 'toys', stock: 1, rating: 3 },
      headers: { 'idempotency-key': `"key-${number}"` },
    }),
    'a batch': () => ({
      method: 'POST',
      path: '/api/products/batch',
      json: { patch: [{ id: number, stock: 1 }] },
    }),
  };

  it.each(Object.entries(requests).filter(([name]) => effort(/^a product$|dashboard|PATCH$|POST/, /./).test(name)))(
    '%s: the response of a healthy server or a 503 with Retry-After',
    async (_, request) => {
      number += 1;
      const [healthy, messages] = await cutAt(0, 'before', request());
      expect(healthy.status).toBeLessThan(400);
      const failures: string[] = [];
      let refused = 0;
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; at <= messages; at += 1) {
          number += 1;
          const [{ status, headers, text }] = await cutAt(at, when, request());
          if (status === 503 && headers.get('retry-after') === '5') refused += 1;
          else if (status !== healthy.status) failures.push(`${when} message ${at} of ${messages}: ${status} ${text}`);
        }
      }
      expect(failures).toEqual([]);
      expect(refused).toBeGreaterThan(0);
    },
  );
});
