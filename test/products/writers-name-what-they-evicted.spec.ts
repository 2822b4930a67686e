import { cacheGroups } from '../../src/caching/write/cache-groups';
import { onEveryBackend } from '../support/backends';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, type ProductJson } from './product';

/** A span of prices or ratings. */
const SPAN = /:(price|rating):[\d.]*-[\d.]*"$/;

function spans(headers: Headers): string[] {
  const named = headers.get('cache-group-invalidation')?.split(', ') ?? [];
  return named.filter((group) => SPAN.test(group)).sort();
}

/** The groups without kinds, which stand for responses that have too many groups, without today's and without spans. */
function exact(headers: Headers): string | null {
  const named = headers.get('cache-group-invalidation')?.split(', ') ?? [];
  return named.length === 0
    ? null
    : named.filter((group) => !/:\*"$|:created:/.test(group) && !SPAN.test(group)).join(', ');
}

onEveryBackend((open) => {
  // Without the tag header `cache-groups` no response belongs to a group, and no write names any.
  const service = useService(open, { EDGE_TAGS: 'cache-groups' });
  const token = tokenFor('eve', 'editor');

  const groups = async (method: string, path: string, json?: unknown): Promise<string | null> => {
    const answer = await service.send(method, path, { token, json });
    return exact(answer.headers);
  };

  it('every writing route says which groups it made stale, exactly', async () => {
    const { body, headers } = await service.send<ProductJson>('POST', '/api/products', { token, json: KETTLE });
    const path = `/api/products/${body.id}`;
    const own = `"product:${body.id}"`;
    expect(headers.get('cache-group-invalidation')).toContain('"product:*"');
    expect(exact(headers)).toBe(`${own}, "products", "products:category:test-kitchen", "products:featured"`);
    expect(await groups('PATCH', path, { stock: 5 })).toBe(own);
    expect(await groups('PATCH', path, { price: 5 })).toBe(
      `${own}, "products:price", "products:category:test-kitchen:price"`,
    );
    expect(await groups('POST', '/api/products/reprice', { category: 'test-kitchen', percent: 10 })).toBe(
      `${own}, "products:price", "products:category:test-kitchen:price"`,
    );
    const { headers: moved } = await service.send('PATCH', path, { token, json: { rating: 2.5 } });
    const of = (scope: string, ...names: string[]): string[] => names.map((name) => `"${scope}:rating:${name}"`);
    const crossed = ['2-3', '2.5-2.75', '4-', '4.5-4.75'];
    expect(spans(moved)).toEqual(
      [...of('products:category:test-kitchen', ...crossed), ...of('products', ...crossed)].sort(),
    );
    await groups('PATCH', path, { rating: 4.5 });
    const watched = await groups('PUT', `/api/me/watchlist/${body.id}`);
    expect(watched).toMatch(/^"watchlist:~[\w-]{28}"$/);
    expect(await groups('DELETE', path)).toBe(
      [`${own}`, '"products"', '"products:category:test-kitchen"', '"products:featured"', watched].join(', '),
    );
  });

  it('a write over many rows names the table', async () => {
    expect(await groups('POST', '/api/products/reprice', { category: 'kitchen', percent: 1 })).toBe('"table:products"');
  });

  it('what changed nothing, was refused, or only reads says nothing', async () => {
    const { body } = await service.get<ProductJson>('/api/products/7');
    expect(await groups('PATCH', '/api/products/7', { stock: body.stock })).toBeNull();
    expect(await groups('PATCH', '/api/products/7', { stock: -1 })).toBeNull();
    expect(await groups('DELETE', '/api/me/watchlist/9999')).toBeNull();
    expect((await service.get('/api/products')).headers.get('cache-group-invalidation')).toBeNull();
  });

  it('parallel writers name their own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        groups('PATCH', `/api/products/${100 + index}`, { description: `v${index}` }),
      ),
    );
    answers.forEach((answer, index) => expect(answer?.match(/"product:\d+"/g)).toEqual([`"product:${100 + index}"`]));
  });
});

describe('the field (RFC 9875)', () => {
  const tags = (count: number): string[] => Array.from({ length: count }, (_, index) => `tag:${index}`);

  it('quotes as structured fields do', () => {
    expect(cacheGroups(['a "b" \\'], ['t'])).toBe('"a \\"b\\" \\\\"');
    expect(cacheGroups([], ['t'])).toBeUndefined();
  });

  it.each([
    ['more groups than every cache must take', tags(129)],
    ['a group longer than that', ['x'.repeat(129)]],
    ['more than a header may hold', Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(100, 'x'))],
    ['what is not ASCII', ['zoë']],
  ])('%s: the tables instead', (_what, groups) => {
    expect(cacheGroups(groups, ['table:products', 'table:watchlist'])).toBe('"table:products", "table:watchlist"');
  });

  it('128 groups are named one by one', () => {
    expect(cacheGroups(tags(128), ['products'])?.split(', ')).toHaveLength(128);
  });
});
