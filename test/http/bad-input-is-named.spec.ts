import { connect } from 'node:net';
import fc from 'fast-check';
import { onEveryBackend } from '../support/backends';
import { ProblemBody, RequestOptions, tokenFor } from '../support/client';
import { effort } from '../support/effort';
import { useService } from '../support/service';
import { KETTLE } from '../products/product';

onEveryBackend((open) => {
  const service = useService(open);
  const token = tokenFor('eve', 'editor', 'admin');

  async function refused(method: string, path: string, options: RequestOptions = {}): Promise<ProblemBody> {
    const answer = await service.send<ProblemBody>(method, path, { token, ...options });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      type: `/problems/${answer.status}`,
      status: answer.status,
      instance: path.split('?')[0],
    });
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.text).not.toMatch(/node_modules|\.ts:|\.js:|at [A-Z]\w+\./);
    return answer.body;
  }

  it.each<[string, string[]]>([
    ['page=0', ['page']],
    ['page=-1', ['page']],
    ['page=1.5', ['page']],
    ['page=', ['page']],
    ['page=1e3', ['page']],
    ['page=0x10', ['page']],
    ['page=99999999999999999999', ['page']],
    ['page=1000001', ['page']],
    ['page=1&page=2', ['page']],
    ['page_size=0', ['page_size']],
    ['page_size=201', ['page_size']],
    ['min_price=cheap', ['min_price']],
    ['min_price=-1', ['min_price']],
    ['max_price=1.999', ['max_price']],
    ['max_price=NaN', ['max_price']],
    ['max_price=0.0000001', ['max_price']],
    ['min_rating=0.0000001', ['min_rating']],
    ['search=a+b+c+d+e+f+g+h+i', ['search']],
    ['max_price=Infinity', ['max_price']],
    ['min_price=10&max_price=5', ['max_price']],
    ['min_rating=6', ['min_rating']],
    ['in_stock=maybe', ['in_stock']],
    ['category=Two%20Words', ['category']],
    ['category=', ['category']],
    ['search=\ufdfa+\ufdfa+\ufdfa', ['search']],
    ['search=', ['search']],
    ['search=%20%20', ['search']],
    ['search=%00', ['search']],
    [`search=${'x'.repeat(101)}`, ['search']],
    ['ordering=stock', ['ordering']],
    ['ordering=-price,name', ['ordering']],
    ['utm_source=mail', ['utm_source']],
    ['__proto__=1', ['__proto__']],
    ['constructor=1', ['constructor']],
    ['page=0&nonsense=1&in_stock=2', ['nonsense', 'page', 'in_stock']],
  ])('GET /api/products?%s is a 400 that names %j', async (query, names) => {
    const problem = await refused('GET', `/api/products?${query}`);
    expect(problem.status).toBe(400);
    expect(problem.errors?.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(problem.errors?.every((error) => error.in === 'query' && error.detail.includes(error.name))).toBe(true);
  });

  it.each([
    '/api/products/featured?bogus=1',
    '/api/products/featured?page_size=10',
    '/api/products/stats?bogus=1',
    '/api/products/1?bogus=1',
    '/api/rates?bogus=1',
    '/api/me/dashboard?bogus=1',
    '/health/live?bogus=1',
    '/health/ready?bogus=1',
  ])('GET %s is a 400 that names the parameter', async (path) => {
    const problem = await refused('GET', path);
    expect(problem).toMatchObject({ status: 400, errors: [{ in: 'query', name: path.split(/[?=]/)[1] }] });
  });

  it.each(['0', '-1', 'abc', '1.5', '2147483648', '1%20', '%00', 'null'])('product id %s is a 400', async (id) => {
    expect(await refused('GET', `/api/products/${id}`)).toMatchObject({
      status: 400,
      errors: [{ in: 'path', name: 'id' }],
    });
  });

  it.each<[string, object, string]>([
    ['a missing field', { ...KETTLE, name: undefined }, 'name'],
    ['null', { ...KETTLE, name: null }, 'name'],
    ['a blank name', { ...KETTLE, name: '   ' }, 'name'],
    ['a long name', { ...KETTLE, name: 'x'.repeat(201) }, 'name'],
    ['a name of too many code points', { ...KETTLE, name: '❤️'.repeat(101) }, 'name'],
    ['a NUL', { ...KETTLE, description: 'a\u0000b' }, 'description'],
    ['a negative price', { ...KETTLE, price: -0.01 }, 'price'],
    ['a price in text', { ...KETTLE, price: '39.90' }, 'price'],
    ['a tenth of a cent', { ...KETTLE, price: 1.005 }, 'price'],
    ['a millionth of a cent', { ...KETTLE, price: 1e-8 }, 'price'],
    ['half a character', { ...KETTLE, name: 'q\ud800' }, 'name'],
    ['an inherited name', { ...KETTLE, toString: 1 }, 'toString'],
    ['a price over the column', { ...KETTLE, price: 10_000_000_000 }, 'price'],
    ['a fraction of stock', { ...KETTLE, stock: 1.5 }, 'stock'],
    ['stock over the column', { ...KETTLE, stock: 2_147_483_648 }, 'stock'],
    ['a rating over five', { ...KETTLE, rating: 5.01 }, 'rating'],
    ['a category that is no slug', { ...KETTLE, category: 'Home & Garden' }, 'category'],
    ['a field that is not its business', { ...KETTLE, id: 7 }, 'id'],
    ['an unknown field', { ...KETTLE, colour: 'red' }, 'colour'],
  ])('POST /api/products with %s is a 400 that names %s', async (_what, json, name) => {
    const problem = await refused('POST', '/api/products', { json });
    expect(problem).toMatchObject({ status: 400, errors: [{ in: 'body', name }] });
  });

  it('PATCH refuses null where it takes nothing', async () => {
    const problem = await refused('PATCH', '/api/products/1', { json: { name: null } });
    expect(problem).toMatchObject({ status: 400, errors: [{ in: 'body', name: 'name' }] });
  });

  it.each<[string, RequestOptions, number]>([
    ['broken JSON', { body: '{"name":', headers: { 'content-type': 'application/json' } }, 400],
    ['an array', { json: [KETTLE] }, 400],
    ['a text', { json: 'kettle' }, 400],
    ['null', { json: null }, 400],
    ['no body', {}, 400],
    ['XML', { body: '<kettle/>', headers: { 'content-type': 'application/xml' } }, 415],
    ['70 kB', { json: { ...KETTLE, description: 'x'.repeat(70_000) } }, 413],
    ['a form', { body: 'name=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['plain text', { body: 'x', headers: { 'content-type': 'text/plain' } }, 415],
    [
      'ten thousand levels',
      { body: '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000), headers: { 'content-type': 'application/json' } },
      400,
    ],
    ['a poisoned prototype', { body: '{"__proto__":{"x":1}}', headers: { 'content-type': 'application/json' } }, 400],
  ])('a body of %s is refused', async (_what, options, status) => {
    expect(await refused('POST', '/api/products', options)).toMatchObject({ status });
  });

  it('an unknown route, a wrong method and a broken address are problems too', async () => {
    expect(await refused('GET', '/api/nothing')).toMatchObject({ status: 404 });
    expect(await refused('DELETE', '/api/products')).toMatchObject({ status: 405 });
    const broken = await service.get<ProblemBody>('/api/products/%E0%A4%A');
    expect(broken).toMatchObject({ status: 400, body: { status: 400 } });
    expect(broken.headers.get('content-type')).toMatch(/problem\+json/);
  });

  it('no query string, however strange, is worse than a 400 or a 404', async () => {
    const names = [
      'page',
      'page_size',
      'category',
      'min_price',
      'max_price',
      'min_rating',
      'in_stock',
      'search',
      'ordering',
    ];
    const query = fc.dictionary(
      fc.oneof(fc.constantFrom(...names), fc.string()),
      fc.oneof(fc.string({ unit: 'binary' }), fc.integer().map(String), fc.double().map(String)),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(query, async (parameters) => {
        const { status } = await service.get(`/api/products?${new URLSearchParams(parameters).toString()}`);
        expect([200, 400, 404]).toContain(status);
      }),
      { numRuns: effort(50, 150) },
    );
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))(
    'the name %s, which every object inherits, is unknown all the same',
    async (name) => {
      const problem = await refused('GET', `/api/products?${name}=1`);
      expect(problem).toMatchObject({ status: 400, errors: [{ in: 'query', name }] });
    },
  );

  it('a response to nonsense is no larger than necessary', async () => {
    const answer = await service.get(`/api/products?${'x'.repeat(10_000)}=1`);
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(1_000);
  });

  it('what is not even HTTP gets a problem as well', async () => {
    const { hostname, port } = new URL(service.process().url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('NONSENSE\r\n\r\n'));
      let text = '';
      socket
        .on('data', (chunk) => (text += chunk.toString()))
        .on('end', () => resolve(text))
        .on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/);
  });

  it('repeats a request id that may stand in a log, and replaces one that may not', async () => {
    const good = await service.get('/health/live', { headers: { 'x-request-id': 'trace-42.a' } });
    expect(good.headers.get('x-request-id')).toBe('trace-42.a');
    const bad = await service.get('/health/live', { headers: { 'x-request-id': 'x'.repeat(65) } });
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f]{18}-\w+$/);
  });
});
