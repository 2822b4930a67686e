import { tokenFor } from '../../support/client';
import { parseCacheStatus } from '../../support/cache-status';
import { pause, SLACK } from '../../support/eventually';
import { BOUND, EdgeSite, isHit, json, needsOf, edges } from '../../support/edge-site';
import { cacheStatus, type RawAnswer } from '../../support/http';
import { needs } from '../../support/needs';

interface Product {
  id: number;
  price: number;
  stock: number;
}

const price = (answer: RawAnswer): number => json<Product>(answer).price;
const stock = (answer: RawAnswer): number => json<Product>(answer).stock;
const pageOf = (answer: RawAnswer): Product[] => json<{ results: Product[] }>(answer).results;

describe.each(edges('varnish'))('behind %s', (name) => {
  needs(...needsOf(name));
  let site: EdgeSite;
  const took: Record<string, number> = {};
  beforeAll(async () => {
    site = await EdgeSite.open(name);
  });
  afterAll(async () => {
    console.info(`${name}: ms from a write's answer to the edge's: ${JSON.stringify(took)}`);
    if (process.env.EDGE_LOG) console.info(site.edge.log);
    await site.close();
  });

  it('MISS, HIT, write, and the edge has the new value in time', async () => {
    for (const id of [7, 8, 9, 10]) {
      const path = `/api/products/${id}`;
      const first = await site.get(path);
      expect([first.status, isHit(first)]).toEqual([200, false]);
      expect(isHit(await site.warm(path))).toBe(true);
      await site.write(path, { price: 1_000 + id });
      const ms = await site.until(path, (answer) => price(answer) === 1_000 + id);
      took[path] = Math.round(ms);
      expect(ms).toBeLessThan(BOUND + SLACK);
      expect(price(await site.warm(path))).toBe(1_000 + id);
    }
  });

  it('lists show writes of either node and of other programs in time', async () => {
    const path = '/api/products?ordering=price&page_size=200';
    await site.warm(path);
    await site.write('/api/products/11', { price: 0.01 }, { node: 1 });
    took.list = Math.round(await site.until(path, (answer) => pageOf(answer)[0]?.id === 11));
    await site.sql('UPDATE products SET price = 0.02 WHERE id = 12; UPDATE products SET price = 0.03 WHERE id = 11');
    took.sql = Math.round(await site.until(path, (answer) => pageOf(answer)[0]?.id === 12));
    const before = price(await site.warm('/api/products/13'));
    // Too many rows to name.
    await site.sql('UPDATE products SET price = price + 1');
    took['all rows'] = Math.round(await site.until('/api/products/13', (answer) => price(answer) > before));
    expect(Math.max(took.list, took.sql, took['all rows'])).toBeLessThan(BOUND + SLACK);
  });

  it('a deleted product is a 404 in time', async () => {
    await site.warm('/api/products/14');
    await site.send(site.edge.url, '/api/products/14', { method: 'DELETE' });
    took.deleted = Math.round(await site.until('/api/products/14', ({ status }) => status === 404));
    expect(took.deleted).toBeLessThan(BOUND + SLACK);
  });

  it('a write while the edge is down shows when it is back', async () => {
    const path = '/api/products/50';
    await site.write(path, { stock: 1 });
    await site.until(path, (answer) => isHit(answer) && stock(answer) === 1);
    await site.edge.down();
    await site.write(path, { stock: 2 });
    await site.edge.up();
    const ms = await site.until(path, (answer) => stock(answer) === 2);
    expect(ms).toBeLessThan(BOUND + SLACK);
    // What could not be told then is told now, and nothing waits for ever.
    await site.quiet();
    expect(stock(await site.warm(path))).toBe(2);
  });

  it('responses that no write has changed stay cached', async () => {
    await site.warm('/api/products/20');
    await site.write('/api/products/21', { stock: 3 });
    await pause(BOUND + 200);
    const untouched = await site.get('/api/products/20');
    // nginx has asked whether it still holds, and the node's answer was that it does.
    expect(isHit(untouched) || cacheStatus(untouched).includes('fwd-status=304')).toBe(true);
  });

  it('never mixes two users, and caches nothing of either', async () => {
    const tokens = { alice: tokenFor('alice'), bob: tokenFor('bob') };
    const dashboard = (user: keyof typeof tokens): Promise<RawAnswer> =>
      site.get('/api/me/dashboard', { authorization: `Bearer ${tokens[user]}` });
    await site.send(site.edge.url, '/api/me/watchlist/30', { method: 'PUT', token: tokens.alice });
    await site.send(site.edge.url, '/api/me/watchlist/31', { method: 'PUT', token: tokens.bob });
    for (let round = 0; round < 5; round += 1) {
      const [alice, bob, nobody] = await Promise.all([
        dashboard('alice'),
        dashboard('bob'),
        site.get('/api/me/dashboard'),
      ]);
      expect([alice, bob, nobody].map(({ status }) => status)).toEqual([200, 200, 401]);
      expect(alice.body.toString()).toContain('"id":30');
      expect(alice.body.toString()).not.toContain('"id":31');
      expect(bob.body.toString()).toContain('"id":31');
      expect([alice, bob, nobody].some(isHit)).toBe(false);
    }
    const personal: Record<string, string>[] = [
      { authorization: `Bearer ${tokens.alice}` },
      { cookie: 'session=alice' },
    ];
    for (const headers of personal) {
      await site.get('/api/products/32', headers);
      await site.get('/api/products/32', headers);
    }
    expect(isHit(await site.get('/api/products/32'))).toBe(false);
    await site.warm('/api/products/32');
    expect(isHit(await site.get('/api/products/32', { cookie: 'session=alice' }))).toBe(false);
  });

  it('HEAD, 304 and ranges match the cached response', async () => {
    const path = '/api/products?page=2';
    const full = await site.warm(path);
    const head = await site.get(path, {}, 'HEAD');
    expect([head.status, isHit(head), head.body.length]).toEqual([200, true, 0]);
    expect(head.headers).toMatchObject({ etag: full.headers.etag, 'content-length': String(full.body.length) });

    const etag = String(full.headers.etag);
    for (const written of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const unchanged = await site.get(path, { 'if-none-match': written });
      expect([written, unchanged.status, unchanged.body.length]).toEqual([written, 304, 0]);
      expect(unchanged.headers.etag).toBe(etag);
    }
    expect((await site.get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    // A date must not outvote the tag: what is not the same is sent whole.
    const dated = { 'if-none-match': '"other"', 'if-modified-since': new Date(Date.now() + 1e6).toUTCString() };
    expect((await site.get(path, dated)).status).toBe(200);

    const part = await site.get(path, { range: 'bytes=10-19' });
    expect([part.status, part.body.toString()]).toEqual([206, full.body.subarray(10, 20).toString()]);
    expect(part.headers['content-range']).toBe(`bytes 10-19/${full.body.length}`);
    expect((await site.get(path, { range: 'bytes=0-4', 'if-range': '"other"' })).status).toBe(200);
    expect((await site.get(path, { range: 'bytes=0-4', 'if-range': etag })).status).toBe(206);
  });

  it('caches one response for each encoding, each with its own strong ETag', async () => {
    const path = '/api/products?page=3';
    const chrome = { 'accept-encoding': 'gzip, deflate, br, zstd' };
    const seen = await Promise.all([
      site.warm(path),
      site.warm(path, chrome),
      site.warm(path, { 'accept-encoding': 'gzip' }),
    ]);
    expect(seen.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'br', 'gzip']);
    const etags = seen.map(({ headers }) => String(headers.etag));
    expect(new Set(etags).size).toBe(3);
    expect(etags.every((etag) => etag.startsWith('"'))).toBe(true);
    // Another way to write the same.
    expect(isHit(await site.get(path, { 'accept-encoding': 'br;q=1.0, gzip;q=0.8, *;q=0.1' }))).toBe(true);
    expect((await site.get(path, { 'accept-encoding': 'br;q=0, gzip' })).headers['content-encoding']).toBe('gzip');
  });

  it('Cache-Status shows what the edge did, and its own directives are removed', async () => {
    const path = '/api/products/40';
    const miss = await site.get(path);
    const hit = await site.warm(path);
    const own = name === 'varnish' ? 'varnish' : 'nginx';
    for (const answer of [miss, hit]) {
      const members = parseCacheStatus(String(answer.headers['cache-status']));
      expect(members.map(({ cache }) => cache).at(0)).toMatch(/^strata_test/);
      expect(members.at(-1)!.cache).toBe(own);
      expect(members.length).toBe(2);
    }
    expect(parseCacheStatus(String(miss.headers['cache-status'])).at(-1)!.parameters.fwd).toBe('uri-miss');
    // How long the node would have kept it then is not true now.
    expect(parseCacheStatus(String(hit.headers['cache-status'])).at(0)!.parameters).not.toHaveProperty('ttl');
    expect(hit.headers['x-cache']).toBe('HIT');
    expect(hit.headers['cache-control']).toBe('public, max-age=0, must-revalidate');
    const again = await site.get(path);
    expect(again.headers['x-request-id']).not.toBe(hit.headers['x-request-id']);
    for (const header of ['xkey', 'x-cache-generation', 'cdn-cache-control', 'x-accel-expires', 'x-varnish']) {
      expect(hit.headers).not.toHaveProperty(header);
    }
    expect(hit.names.length).toBe(new Set(hit.names).size);
  });
});
