import { onEveryBackend } from '../../../support/backends';
import { Answer, tokenFor } from '../../../support/client';
import { useService } from '../../../support/service';
import { type Entry, type EntryPage, entryPath } from './routes';

const token = tokenFor('ada', 'admin', 'editor');
const keyOf = (id: number): string => `view:/api/products/:id{"id":${id}}{}`;

onEveryBackend((open) => {
  const service = useService(open);
  const entry = (key: string): Promise<Answer<Entry>> => service.get<Entry>(entryPath(key), { token });

  /** All pages, one after the other. */
  async function all(query: string): Promise<Entry[]> {
    const found: Entry[] = [];
    for (let cursor: string | null = '0'; cursor !== null;) {
      const { body }: { body: EntryPage } = await service.get<EntryPage>(
        `/api/cache/entries?${query}&cursor=${cursor}`,
        { token },
      );
      found.push(...body.entries);
      cursor = body.next;
    }
    return found;
  }

  it('entry details show tags, TTL and weight, never the body', async () => {
    const { body: product } = await service.get<{ name: string; description: string }>('/api/products/11');
    const { status, body, text } = await entry(keyOf(11));
    expect(status).toBe(200);
    expect(body).toMatchObject({ key: keyOf(11), fresh: true, stale_because: null });
    expect(body.tags).toEqual(expect.arrayContaining(['product:11', 'table:products']));
    expect(body.tiers).toContain('l1');
    expect(body.ttl).toBeGreaterThan(200);
    expect(body.ttl).toBeLessThanOrEqual(330);
    expect(body.bytes).toBeGreaterThan(400);
    expect(Date.parse(body.created_at)).toBeLessThanOrEqual(Date.now());
    expect(text).not.toContain(JSON.stringify(product.name));
    expect(text).not.toContain(JSON.stringify(product.description));
  });

  it('entry details name the stamped tag of a stale entry', async () => {
    await service.get('/api/products/12');
    const before = (await entry(keyOf(12))).body;
    await service.send('PATCH', '/api/products/12', { token, json: { stock: 77 } });
    const { body } = await entry(keyOf(12));
    expect(body).toMatchObject({
      fresh: false,
      tick: before.tick,
      stale_because: { why: 'stamped', tag: 'product:12' },
    });
  });

  it('entry details say that an entry is older than the last clear, or the entry is gone', async () => {
    await service.get('/api/products/13');
    await service.send('DELETE', '/api/cache', { token });
    expect((await entry(keyOf(13))).status).toBe(404);
  });

  it('finds entries by prefix and by tag, page by page, each once', async () => {
    for (let id = 21; id <= 45; id++) await service.get(`/api/products/${id}`);
    const wanted = Array.from({ length: 25 }, (_, i) => keyOf(21 + i)).sort();
    const byPrefix = await all(`prefix=${encodeURIComponent('view:/api/products/:id')}&limit=7`);
    expect(byPrefix.map(({ key }) => key).sort()).toEqual(wanted);
    const byTag = await all('tag=product:33&limit=3');
    expect(byTag.map(({ key }) => key)).toEqual(expect.arrayContaining([keyOf(33)]));
    expect(byTag.every(({ tags }) => tags.includes('product:33'))).toBe(true);
    expect(await all('prefix=view:&tag=product:33').then((found) => found.map(({ key }) => key))).toEqual([keyOf(33)]);
    expect(await all('prefix=*')).toEqual([]);
  });

  it('keys with anything in them are found under their URL-encoded name', async () => {
    const search = 'a/b?c=d&e#%25 "☃" \\ {}';
    const address = `/api/products?search=${encodeURIComponent(search)}`;
    expect((await service.get(address)).status).toBe(200);
    const found = (await all('prefix=view:/api/products{}')).find(({ key }) => key.includes('☃'));
    expect(found).toBeDefined();
    expect((await entry(found?.key ?? '')).body.key).toBe(found?.key);
  });
});
