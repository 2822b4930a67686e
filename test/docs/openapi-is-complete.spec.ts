import { readFileSync } from 'node:fs';
import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';

interface Operation {
  summary?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; in: string; schema?: { example?: unknown } }[];
  requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
  responses: Record<string, { content?: Record<string, unknown>; headers?: Record<string, unknown> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: {
    securitySchemes: Record<string, unknown>;
    schemas: Record<string, { properties?: Record<string, Record<string, unknown>> }>;
  };
}

/** Every route of the service and who may call it. A route that is not here, or not documented so, fails the test. */
const ROUTES: Record<string, 'public' | 'locked'> = {
  'get /api/products': 'public',
  'post /api/products': 'locked',
  'get /api/products/featured': 'public',
  'get /api/products/stats': 'public',
  'post /api/products/reprice': 'locked',
  'post /api/products/batch': 'locked',
  'get /api/products/{id}': 'public',
  'patch /api/products/{id}': 'locked',
  'put /api/products/{id}': 'locked',
  'delete /api/products/{id}': 'locked',
  'get /api/me/dashboard': 'locked',
  'put /api/me/watchlist/{productId}': 'locked',
  'delete /api/me/watchlist/{productId}': 'locked',
  'get /api/rates': 'public',
  'get /api/cache/stats': 'locked',
  'get /api/cache/entries': 'locked',
  'get /api/cache/entries/{key}': 'locked',
  'delete /api/cache/entries/{key}': 'locked',
  'get /api/cache/live': 'locked',
  'post /api/cache/evict': 'locked',
  'post /api/cache/warm': 'locked',
  'delete /api/cache': 'locked',
  'get /health/live': 'public',
  'get /health/ready': 'public',
  'get /metrics': 'public',
};

const service = useService(anyDatabase);
let document: Document;
let operations: [route: string, operation: Operation][];

beforeAll(async () => {
  document = (await service.get<Document>('/docs-json')).body;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
});

it('knows every route, its lock, its summary and its errors', () => {
  expect(operations.map(([route]) => route).sort()).toEqual(Object.keys(ROUTES).sort());
  for (const [route, operation] of operations) {
    const locked = ROUTES[route] === 'locked';
    expect({ route, locked: (operation.security ?? []).length > 0 }).toEqual({ route, locked });
    expect(operation.summary).toBeTruthy();
    expect(operation.tags).toHaveLength(1);
    const statuses = Object.keys(operation.responses);
    expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
    if (locked) expect(statuses).toContain('401');
    for (const [status, response] of Object.entries(operation.responses)) {
      if (Number(status) >= 400) expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json']);
    }
  }
  expect(document.components.securitySchemes).toEqual({
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  });
});

it('gives every field of every schema an example, a default or a range to start from', () => {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    for (const [property, details] of Object.entries(schema.properties ?? {})) {
      const told = ['example', 'enum', '$ref', 'allOf', 'items', 'default'].some((key) => key in details);
      expect({ name, property, told }).toEqual({ name, property, told: true });
    }
  }
});

it('lists exactly the parameters of the product list that the service takes', () => {
  const list = document.paths['/api/products']?.get;
  const inQuery = list?.parameters?.filter((parameter) => parameter.in === 'query');
  expect(inQuery?.map(({ name }) => name).sort()).toEqual(
    [
      'category',
      'cursor',
      'in_stock',
      'max_price',
      'min_price',
      'min_rating',
      'ordering',
      'page',
      'page_size',
      'search',
    ].sort(),
  );
});

it('every header of the document is in the tables of docs/routes.md', () => {
  const [, requests = '', responses = ''] = readFileSync('docs/routes.md', 'utf8').split(
    /^## Re(?:quest|sponse) headers$/m,
  );
  const isNamed = (table: string, name: string): boolean => table.includes(`\n| \`${name}\` `);
  const missing = operations.flatMap(([, operation]) => [
    ...(operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'header' && !isNamed(requests, parameter.name))
      .map(({ name }) => name),
    ...Object.values(operation.responses)
      .flatMap(({ headers = {} }) => Object.keys(headers))
      .filter((name) => !isNamed(responses, name)),
  ]);
  expect([...new Set(missing)]).toEqual([]);
});

it('Cache-Token is a header of every write’s response and of every cached read’s request, and works', async () => {
  for (const [route, { parameters = [], responses }] of operations) {
    const isWrite = !route.startsWith('get ');
    const success = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    for (const [, { headers = {} }] of success) expect([route, 'Cache-Token' in headers]).toEqual([route, isWrite]);
    const isCachedRead = success.some(([, { headers = {} }]) => 'Cache-Status' in headers);
    const takesToken = parameters.some((parameter) => parameter.in === 'header' && parameter.name === 'Cache-Token');
    expect([route, takesToken]).toEqual([route, isCachedRead]);
  }
  const token = tokenFor('eve', 'editor');
  const written = await service.send('PATCH', '/api/products/3', { token, json: { stock: 77 } });
  const headers = { 'cache-token': String(written.headers.get('cache-token')) };
  const read = await service.get<{ stock: number }>('/api/products/3', { headers });
  expect([headers['cache-token'], read.body.stock]).toEqual([expect.stringMatching(/^[\w-]+\.\d+$/), 77]);
});

it('its examples work as they stand: “Try it out” succeeds on every route', async () => {
  const token = tokenFor('eve', 'editor', 'admin');
  // What the others need is taken out last.
  const last = (route: string): number => (/^delete .api.(products|cache)/.test(route) ? 1 : 0);
  for (const [route, operation] of [...operations].sort(([a], [b]) => last(a) - last(b))) {
    const [method = '', path = ''] = route.split(' ');
    const parameters = operation.parameters ?? [];
    const address = parameters
      .filter((parameter) => parameter.in === 'path')
      .reduce((url, { name, schema }) => url.replace(`{${name}}`, encodeURIComponent(String(schema?.example))), path);
    const query = parameters
      .filter((parameter) => parameter.in === 'query' && parameter.schema?.example !== undefined)
      .map(({ name, schema }) => `${name}=${encodeURIComponent(String(schema?.example))}`);
    const reference = operation.requestBody?.content['application/json']?.schema.$ref?.split('/').at(-1);
    const schema = reference === undefined ? undefined : document.components.schemas[reference];
    const json =
      schema &&
      Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([, { readOnly }]) => readOnly !== true)
          .map(([name, { example }]) => [name, example]),
      );
    const { status } = await service.send(method.toUpperCase(), `${address}?${query.join('&')}`, { token, json });
    expect({ route, ok: status >= 200 && status < 300 }).toEqual({ route, ok: true });
  }
});
