import { ORDERINGS } from '../../src/products/dto/product-query.dto';
import { onEveryBackend } from '../support/backends';
import { tokenFor } from '../support/client';
import { useService } from '../support/service';
import { KETTLE, type ProductJson } from './product';

interface Page {
  count: number | null;
  next: string | null;
  previous: string | null;
  results: ProductJson[];
}

const cursorOf = (link: string): string => new URL(link, 'http://any').searchParams.get('cursor')!;
const encoded = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

onEveryBackend((open) => {
  const service = useService(open, { EDGE_TAGS: 'cache-groups' });
  const token = tokenFor('eve', 'editor');

  const get = async (path: string): Promise<Page> => {
    const { status, body } = await service.get<Page>(path);
    expect([path, status]).toEqual([path, 200]);
    return body;
  };
  const idsOf = ({ results }: Page): number[] => results.map(({ id }) => id);

  it.each(ORDERINGS)(
    '%s: the pages of all cursors are the numbered pages, forwards and backwards',
    async (ordering) => {
      const list = `/api/products?category=kitchen&ordering=${encodeURIComponent(ordering)}&page_size=200`;
      const numbered: number[] = [];
      for (let next: string | null = list; next !== null;) {
        const page: Page = await get(next);
        numbered.push(...idsOf(page));
        next = page.next;
      }
      const forwards: Page[] = [];
      for (let next: string | null = `${list}&cursor=*`; next !== null;) {
        const page: Page = await get(next);
        forwards.push(page);
        next = page.next;
      }
      expect(forwards.flatMap(idsOf)).toEqual(numbered);
      expect(forwards.map(({ count }) => count)).toEqual(forwards.map(() => null));
      expect(forwards[0]!.previous).toBeNull();
      const backwards: Page[] = [];
      for (let previous = forwards.at(-1)!.previous; previous !== null;) {
        const page: Page = await get(previous);
        backwards.unshift(page);
        previous = page.previous;
      }
      expect(backwards.flatMap(idsOf)).toEqual(forwards.slice(0, -1).flatMap(idsOf));
    },
  );

  it('featured: likewise', async () => {
    const first = await get('/api/products/featured?cursor=*');
    expect(idsOf(first)).toEqual(idsOf(await get('/api/products/featured')));
    const second = await get(first.next!);
    expect(idsOf(second)).toEqual(idsOf(await get('/api/products/featured?page=2')));
    expect(idsOf(await get(second.previous!))).toEqual(idsOf(first));
  });

  it('a product added between two pages is not a reason to see one twice, and leaves the second page cached', async () => {
    const first = await get('/api/products?cursor=*');
    const before = await get(first.next!);
    const { status, body: added } = await service.send<ProductJson>('POST', '/api/products', { token, json: KETTLE });
    expect(status).toBe(201);
    const second = await service.get<Page>(first.next!);
    expect(second.headers.get('x-cache')).toBe('HIT');
    expect(second.body).toEqual(before);
    expect(idsOf(await get('/api/products?cursor=*'))[0]).toBe(added.id);
    expect(idsOf(await get(second.body.previous!))).toEqual(idsOf(first));
  });

  it('a product of the page, and the first one past it, evict it', async () => {
    const { next } = await get('/api/products?cursor=*&page_size=20');
    const page = await get(next!);
    await service.send('PATCH', `/api/products/${page.results[3]!.id}`, { token, json: { price: 4.44 } });
    expect((await get(next!)).results[3]!.price).toBe(4.44);
    const after = await get((await get(next!)).next!);
    await service.send('DELETE', `/api/products/${page.results[4]!.id}`, { token });
    const shorter = await get(next!);
    expect(idsOf(shorter)).toEqual([...idsOf(page).filter((id) => id !== page.results[4]!.id), after.results[0]!.id]);
    await service.send('DELETE', `/api/products/${after.results[0]!.id}`, { token });
    expect(idsOf(await get(next!)).at(-1)).toBe(after.results[1]!.id);
  });

  it.each([
    ['text', 'nonsense'],
    ['another character', '!'],
    ['empty', ''],
    ['another order', encoded('price', 0, 3, 1)],
    ['no such date', encoded('-created_at', 0, '2026-02-30T00:00:00.000Z', 1)],
    ['a date of another form', encoded('-created_at', 0, '2026-02-03', 1)],
    ['an id that no column holds', encoded('-created_at', 0, '2026-02-03T00:00:00.000Z', 2 ** 40)],
    ['another text for the same', `${encoded('-created_at', 0, '2026-02-03T00:00:00.000Z', 1)}A`],
    ['more parts', encoded('-created_at', 0, '2026-02-03T00:00:00.000Z', 1, 1)],
    ['an object', Buffer.from('{}').toString('base64url')],
    ['too long', 'a'.repeat(2_001)],
  ])('a cursor that is none is named: %s', async (_what, cursor) => {
    for (const path of ['/api/products', '/api/products/featured']) {
      const { status, body, headers } = await service.get<{ errors: { name: string }[] }>(
        `${path}?cursor=${encodeURIComponent(cursor)}`,
      );
      expect([status, body.errors.map(({ name }) => name)]).toEqual([400, ['cursor']]);
      expect(headers.get('content-type')).toContain('application/problem+json');
    }
  });

  it('a cursor goes without page, and only with the order it is of', async () => {
    const { next } = await get('/api/products?cursor=*');
    for (const more of ['&page=2', '&ordering=name']) expect((await service.get(next! + more)).status).toBe(400);
    expect(cursorOf(next!)).toMatch(/^[\w-]+$/);
  });
});
