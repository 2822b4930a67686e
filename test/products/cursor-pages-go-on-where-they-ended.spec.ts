import type { RowList, SelectedRow } from '../../src/caching';
import { decodeCursor, encodeCursor } from '../../src/products/cursor';
import { CursorPagesService } from '../../src/products/cursor-pages.service';
import { ORDERINGS } from '../../src/products/dto/product-query.dto';
import { listTags } from '../../src/products/product.tags';
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

type Row = Record<string, unknown>;

const cursorOf = (link: string): string => new URL(link, 'http://any').searchParams.get('cursor')!;
/** Rows that SQL can insert, or that are older than a check, and the API cannot. */
describe('a row that the API would refuse', () => {
  it('with an id below zero is a position like any other', () => {
    const position = { value: '2026-02-03T00:00:00.000Z', id: -7 };
    expect(decodeCursor(encodeCursor('-created_at', position, false), '-created_at')).toEqual({
      from: position,
      backwards: false,
    });
  });

  it('without a date is shown, and the page behind it depends on the whole list', async () => {
    const [row, behind] = [null, null].map((created_at, id) => ({
      id: String(id),
      json: JSON.stringify({ id, created_at }),
    }));
    const tags: string[] = [];
    const rows = {
      cache: {
        list: async ({ tags: tagsOf }: RowList, load: () => Promise<SelectedRow[]>) => {
          const read = await load();
          const fields = read.map(
            ({ json }) =>
              (name: string) =>
                JSON.stringify((JSON.parse(json!) as Row)[name]),
          );
          tags.push(...(typeof tagsOf === 'function' ? tagsOf(fields) : tagsOf));
          return read.map(({ json }) => json!);
        },
      },
    };
    const repository = { after: () => Promise.resolve([row, behind]) };
    const pages = new CursorPagesService(repository as never, rows as never);
    const from = encodeCursor('-created_at', { value: '2026-02-03T00:00:00.000Z', id: 7 }, false);
    expect(await pages.list({}, '-created_at', from, 1)).toMatchObject({ texts: [row!.json], next: null });
    expect(tags).toEqual(listTags({}, '-created_at'));
  });
});

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
  /** The page at `path`, and all that follow. */
  const allFrom = async (path: string): Promise<Page[]> => {
    const page = await get(path);
    return page.next === null ? [page] : [page, ...(await allFrom(page.next))];
  };

  it.each(ORDERINGS)(
    '%s: the pages of all cursors are the numbered pages, forwards and backwards',
    async (ordering) => {
      const list = `/api/products?category=kitchen&ordering=${encodeURIComponent(ordering)}&page_size=200`;
      const numbered = (await allFrom(list)).flatMap(idsOf);
      const forwards = await allFrom(`${list}&cursor=*`);
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

  it('an empty page leads back to all that is there: past the last product, and before the first', async () => {
    const list = '/api/products?category=kitchen&ordering=name&page_size=50';
    const all = (await allFrom(`${list}&cursor=*`)).flatMap(({ results }) => results);
    const at = (product: ProductJson, backwards: boolean): string =>
      `${list}&cursor=${encodeCursor('name', { value: product.name, id: product.id }, backwards)}`;
    const behind = await get(at(all.at(-1)!, false));
    expect([behind.results, behind.next]).toEqual([[], null]);
    const last = await get(behind.previous!);
    expect(idsOf(last)).toEqual(all.slice(-50).map(({ id }) => id));
    expect(last.next).toBeNull();
    expect(idsOf(await get(last.previous!)).at(-1)).toBe(all.at(-51)!.id);
    const before = await get(at(all[0]!, true));
    expect([before.results, before.previous]).toEqual([[], null]);
    expect(idsOf(await get(before.next!))).toEqual(all.slice(0, 50).map(({ id }) => id));
    const nowhere = await get('/api/products?category=no-such&cursor=*');
    expect([nowhere.results, nowhere.next, nowhere.previous]).toEqual([[], null, null]);
  });

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

  it('goes on behind a name of as many characters as the column holds, each of four bytes', async () => {
    const named = { ...KETTLE, name: '😀'.repeat(200), category: 'depths' };
    const added: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { status, body } = await service.send<ProductJson>('POST', '/api/products', { token, json: named });
      expect(status).toBe(201);
      added.push(body.id);
    }
    const seen: number[] = [];
    for (let next: string | null = '/api/products?category=depths&ordering=name&page_size=1&cursor=*'; next !== null;) {
      const page: Page = await get(next);
      seen.push(...idsOf(page));
      if (page.previous !== null) await get(page.previous);
      next = page.next;
    }
    expect(seen).toEqual(added);
    for (const id of added) await service.send('DELETE', `/api/products/${id}`, { token });
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
