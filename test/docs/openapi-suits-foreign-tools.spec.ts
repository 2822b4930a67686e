import { anyDatabase } from '../support/backends';
import { useService } from '../support/service';

interface Response {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { example?: { status: number; type: string } }>;
}
interface Operation {
  operationId: string;
  description: string;
  security: object[];
  responses: Record<string, Response>;
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
  parameters?: { name: string; in: string; example?: unknown; schema?: { example?: unknown } }[];
}
interface Document {
  openapi: string;
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
}

const service = useService(anyDatabase);
let document: Document;
let operations: Operation[];

beforeAll(async () => {
  document = (await service.get<Document>('/docs-json')).body;
  operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
});

it('is OpenAPI 3.1, which knows no nullable', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(JSON.stringify(document)).not.toContain('"nullable"');
});

it('names its operations as a person would type them, each once', () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
  expect(ids).toEqual(expect.arrayContaining(['listProducts', 'getProduct', 'createProduct', 'updateProduct']));
});

it('has a sample for each problem, of its own status, whose type leads to a page', async () => {
  const types = new Set<string>();
  for (const { responses } of operations) {
    for (const [status, { content, headers }] of Object.entries(responses)) {
      expect(headers).toHaveProperty('X-Request-Id');
      if (Number(status) < 400) continue;
      const example = content?.['application/problem+json']?.example;
      expect(example?.status).toBe(Number(status));
      types.add(example?.type ?? '');
    }
  }
  expect(types.size).toBeGreaterThan(8);
  for (const type of types) {
    const page = await service.get(type, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.text).toContain('<h1>');
  }
});

it('a problem that occurs has such a type', async () => {
  const { body } = await service.get<{ type: string }>('/api/products/2000000000');
  expect(body.type).toBe('/problems/404');
  expect((await service.get<{ status: number }>(body.type)).body.status).toBe(404);
});

it('begins with the products, says of each group what it is for, and prefills no filter', () => {
  expect(Object.keys(document.paths)[0]).toBe('/api/products');
  expect(document.tags[0]?.name).toBe('products');
  for (const { description } of document.tags) expect(description).toMatch(/\.|\?$/);
  const prefilled = document.paths['/api/products']?.get?.parameters?.filter(
    ({ example, schema }) => (example ?? schema?.example) !== undefined,
  );
  expect(prefilled).toEqual([]);
  const patch = document.paths['/api/products/{id}']?.patch?.requestBody?.content['application/json'];
  expect(patch?.examples?.stock?.value).toEqual({ stock: 7 });
});

it('what a cached page responds with is documented: 200 and 304 with its headers, 412, 504', async () => {
  const { responses } = document.paths['/api/products/{id}']?.get as Operation;
  const first = await service.get('/api/products/1');
  const seen: [number, Headers][] = [[first.status, first.headers]];
  const asked: Record<string, string>[] = [
    { 'if-none-match': first.headers.get('etag') ?? '' },
    { 'cache-control': 'only-if-cached' },
  ];
  for (const headers of asked) {
    const answer = await service.get('/api/products/1', { headers });
    seen.push([answer.status, answer.headers]);
  }
  const missing = await service.get('/api/products/77', { headers: { 'cache-control': 'only-if-cached' } });
  seen.push([missing.status, missing.headers]);
  expect(seen.map(([status]) => status)).toEqual([200, 304, 200, 504]);
  for (const [status] of seen) expect(responses).toHaveProperty(String(status));
  for (const name of ['ETag', 'Cache-Control', 'Cache-Status', 'X-Cache', 'Age', 'Vary']) {
    expect(responses['200']?.headers).toHaveProperty(name);
    expect(first.headers.get(name)).not.toBeNull();
  }
});

it('/ is a small page for people and links for programs', async () => {
  const page = await service.get('/', { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  for (const accept of ['*/*', 'text/html;q=0, */*', 'text/html; q=0.0', 'application/json, text/html;q=0.9']) {
    const { headers } = await service.get('/', { headers: { accept } });
    expect([accept, headers.get('content-type')]).toEqual([accept, 'application/json; charset=utf-8']);
  }
  const { body } = await service.get<{ links: Record<string, string> }>('/');
  for (const [name, href] of Object.entries(body.links)) {
    expect(page.text).toContain(`href="${href}"`);
    expect({ name, status: (await service.get(href)).status }).toEqual({ name, status: 200 });
  }
});
