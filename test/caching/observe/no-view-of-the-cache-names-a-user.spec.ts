import { onEveryBackend } from '../../support/backends';
import { tokenFor } from '../../support/client';
import { ask } from '../../support/http';
import { useService } from '../../support/service';
import { type Entry, type EntryPage, entryPath } from './admin/routes';

const ADMIN = tokenFor('the-operator', 'admin');
const NAME = 'zacharias';

interface Stats {
  top_keys: { key: string }[];
  top_tags: { tag: string }[];
}

onEveryBackend((open) => {
  const service = useService(open, { LOG_LEVEL: 'trace', EDGE_TAGS: 'cache-groups' });
  const token = tokenFor(NAME);
  const dashboard = (): Promise<string> =>
    service.get('/api/me/dashboard', { token }).then(({ headers }) => headers.get('cache-status') ?? '');
  const entries = async (query: string): Promise<Entry[]> =>
    (await service.get<EntryPage>(`/api/cache/entries?limit=200&${query}`, { token: ADMIN })).body.entries;

  beforeAll(async () => {
    for (const id of [1, 2]) await service.send('PUT', `/api/me/watchlist/${id}`, { token });
    await dashboard();
    expect(await dashboard()).toMatch(/; hit;/);
  });

  it('entries of a user have a pseudonym in key and tags, which finds them', async () => {
    const [own] = await entries('prefix=view:/api/me/');
    expect(own!.key).toMatch(/;user=~[\w-]{28}$/);
    const tag = own!.tags.find((text) => /^watchlist:~[\w-]{28}$/.test(text))!;
    const found = await entries(`tag=${encodeURIComponent(tag)}`);
    expect(found.map(({ key }) => key.split(/[({;]/, 1)[0])).toEqual(
      expect.arrayContaining(['view:/api/me/dashboard', 'query:AccountService.lines']),
    );
    expect(JSON.stringify([await entries(''), found])).not.toContain(NAME);
  });

  it('a list of names cannot be tested: by tag, prefix, key or eviction', async () => {
    expect(await entries(`tag=watchlist:${NAME}`)).toEqual([]);
    for (const user of [NAME, `"${NAME}"`]) {
      expect(await entries(`prefix=${encodeURIComponent(`query:AccountService.lines(${user}`)}`)).toEqual([]);
      const key = `view:/api/me/dashboard{}{"page":1};user=${user}`;
      expect((await service.get(entryPath(key), { token: ADMIN })).status).toBe(404);
      expect((await service.send('DELETE', entryPath(key), { token: ADMIN })).body).toMatchObject({ found: false });
    }
    // The key of a row ends in a tag.
    const row = entryPath(`entity:Rows:watchlist:${NAME}`);
    expect((await service.send('DELETE', row, { token: ADMIN })).status).toBe(400);
    const json = { tags: ['product:9', `watchlist:${NAME}`] };
    const { status, text } = await service.send('POST', '/api/cache/evict', { token: ADMIN, json });
    expect([status, text.includes(NAME)]).toEqual([400, false]);
    expect(await dashboard()).toMatch(/; hit;/);
  });

  it('statistics, the live feed and metrics contain no name', async () => {
    const { body, text } = await service.get<Stats>('/api/cache/stats', { token: ADMIN });
    expect(body.top_keys.some(({ key }) => key.includes(';user=~'))).toBe(true);
    const live = await service.get('/api/cache/live?seconds=1', { token: ADMIN });
    const metrics = await service.get('/metrics');
    expect([text, live.text, metrics.text].filter((shown) => shown.includes(NAME))).toEqual([]);
  });

  it("the headers of a user's write name the pseudonym", async () => {
    const { headers } = await service.send('PUT', '/api/me/watchlist/3', { token });
    expect(headers.get('cache-group-invalidation')).toMatch(/^"watchlist:~[\w-]{28}"(, |$)/);
    expect(await dashboard()).toMatch(/fwd=uri-miss/);
  });

  it('deleting an entry by its key, or evicting its tag, works and logs no name', async () => {
    const { url, output } = service.process();
    await dashboard();
    const logged = output().length;
    const [own] = await entries('prefix=view:/api/me/');
    const deleted = await service.send('DELETE', entryPath(own!.key), { token: ADMIN });
    expect(deleted.body).toEqual({ key: own!.key, found: true });
    expect(await dashboard()).toMatch(/fwd=uri-miss/);
    const tags = [own!.tags.find((tag) => tag.startsWith('watchlist:~') && tag.length > 12)!];
    const evicted = await service.send('POST', '/api/cache/evict', { token: ADMIN, json: { tags } });
    expect(evicted.body).toMatchObject({ tags });
    expect(await dashboard()).toMatch(/fwd=uri-miss/);
    await ask(url, '/api/me/dashboard', { headers: { authorization: `Bearer ${token}`, 'cache-control': 'no-cache' } });
    expect(output().slice(logged)).not.toContain(NAME);
  });
});
