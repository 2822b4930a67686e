import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { RequestOptions } from '../support/client';
import { slowDescribe } from '../support/effort';
import { useService } from '../support/service';

const SHOP = 'https://shop.example';
const OTHER = 'https://other.example';
const from = (origin: string, headers: Record<string, string> = {}): RequestOptions => ({
  headers: { origin, ...headers },
});

const asked = (method: string): Record<string, string> => ({
  'access-control-request-method': method,
  'access-control-request-headers': 'authorization,content-type',
});

describe('by default', () => {
  const service = useService(anyDatabase);

  it.each([
    '/api/products',
    '/api/products/1',
    '/api/products/stats',
    '/api/rates',
    '/docs-json',
    '/api/products?page=0',
  ])('any page may read %s, and what says so is the same for every origin', async (path) => {
    // Of a cached page: a miss, a hit in the pipeline, and hits in front of it.
    for (let round = 0; round < 4; round += 1) {
      const [plain, shop, other] = await Promise.all([
        service.get(path),
        service.get(path, from(SHOP)),
        service.get(path, from(OTHER)),
      ]);
      for (const { headers } of [plain, shop, other]) {
        expect(headers.get('access-control-allow-origin')).toBe('*');
        expect(headers.get('access-control-expose-headers')).toContain('ETag');
        expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
        expect(headers.get('access-control-allow-credentials')).toBeNull();
        expect(headers.get('vary') ?? '').not.toMatch(/origin/i);
      }
    }
    if (!path.startsWith('/api/') || path.includes('=0')) return;
    expect((await service.get(path, from('https://third.example'))).headers.get('x-cache')).toBe('HIT');
  });

  it('a 304 and a 404 may be read as well', async () => {
    const etag = (await service.get('/api/products/1')).headers.get('etag') ?? '';
    for (let round = 0; round < 3; round += 1) {
      const { status, headers } = await service.get('/api/products/1', from(SHOP, { 'if-none-match': etag }));
      expect({ status, open: headers.get('access-control-allow-origin') }).toEqual({ status: 304, open: '*' });
    }
    expect((await service.get('/api/nothing', from(SHOP))).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('a preflight gets a response that may be cached for a day', async () => {
    const { status, headers } = await service.send('OPTIONS', '/api/products/1', from(SHOP, asked('PATCH')));
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(headers.get('access-control-allow-headers')).toMatch(
      /Authorization.*Content-Type.*Idempotency-Key.*If-Match/,
    );
    expect(headers.get('access-control-max-age')).toBe('86400');
    expect(headers.get('cache-control')).toBe('public, max-age=86400');
  });

  it.each(['/health/ready', '/metrics', '/docs', '/console'])(
    '%s is no data of the catalogue, and stays here',
    async (path) => {
      const { headers } = await service.get(path, from(SHOP));
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    },
  );
});

describe('with CORS_ORIGINS', () => {
  const service = useService(anyDatabase, { CORS_ORIGINS: `${SHOP}, http://127.0.0.1:5173` });

  it('those may read, others may not, and every response says that it differs', async () => {
    for (let round = 0; round < 4; round += 1) {
      for (const [origin, allowed] of [
        [SHOP, SHOP],
        [OTHER, null],
        ['null', null],
        [`${SHOP}.evil.example`, null],
      ] as const) {
        const { headers } = await service.get('/api/products/1', from(origin));
        expect(headers.get('access-control-allow-origin')).toBe(allowed);
        expect(headers.get('vary')?.toLowerCase().split(', ').sort()).toEqual(['accept-encoding', 'origin']);
        expect(headers.get('cross-origin-resource-policy')).toBe(allowed === null ? 'same-origin' : 'cross-origin');
      }
    }
    const plain = await service.get('/api/products/1');
    expect(plain.headers.get('vary')).toMatch(/origin/i);
    // One entry serves all origins.
    expect(plain.headers.get('x-cache')).toBe('HIT');
  });

  it('a 304, an error and a private view differ with the origin, too', async () => {
    const etag = (await service.get('/api/products/1')).headers.get('etag') ?? '';
    const token = tokenFor('ann');
    for (const [path, options] of [
      ['/api/products/1', { headers: { origin: SHOP, 'if-none-match': etag } }],
      ['/api/products?page=0', from(SHOP)],
      ['/api/me/dashboard', { token, ...from(SHOP) }],
    ] as const) {
      const { headers } = await service.get(path, options);
      expect(headers.get('access-control-allow-origin')).toBe(SHOP);
      expect(headers.get('vary')).toMatch(/origin/i);
    }
  });

  it('a preflight of another origin is answered without a permission', async () => {
    const shop = await service.send('OPTIONS', '/api/products', from(SHOP, asked('POST')));
    expect(shop.headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(shop.headers.get('access-control-allow-methods')).toContain('POST');
    const other = await service.send('OPTIONS', '/api/products', from(OTHER, asked('POST')));
    expect(other.status).toBe(204);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    expect(other.headers.get('access-control-allow-methods')).toBeNull();
    expect(other.headers.get('vary')).toMatch(/origin/i);
  });
});

slowDescribe('with CORS_ORIGINS=none', () => {
  const service = useService(anyDatabase, { CORS_ORIGINS: 'none' });

  it('nothing is said to other origins', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { headers } = await service.get('/api/products/1', from(SHOP));
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('vary')).toBe('accept-encoding');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });
});
