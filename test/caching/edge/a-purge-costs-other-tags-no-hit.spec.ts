import { EdgeSite, isHit, needsOf, ONE_NODE } from '../../support/edge-site';
import { eventually } from '../../support/eventually';
import { type RawAnswer } from '../../support/http';
import { needs } from '../../support/needs';

const PURGES = 50;

describe('behind varnish', () => {
  needs(...needsOf('varnish'));
  let site: EdgeSite;
  beforeAll(async () => {
    site = await EdgeSite.open('varnish', { CACHE_MAX_LAG: '100ms' }, ONE_NODE);
    await site.quiet();
    // Varnish remembers the purges of the last seconds, and the start of the nodes purged everything.
    await site.edge.down();
    await site.edge.up();
  });
  afterAll(() => site.close());

  const purge = async (tag: string): Promise<void> => {
    const answer = await site.ask('/', { method: 'PURGE', headers: { 'xkey-purge': tag } });
    expect(answer.status).toBe(200);
  };

  /** The first request for a product, whose response is under way at Varnish until `meanwhile` is done. */
  async function first(id: number, meanwhile: () => Promise<void>): Promise<RawAnswer> {
    for (const line of site.lines)
      line.hold((bytes) => bytes.includes(`product:${id} `) || bytes.includes(`"id":${id},`));
    const answer = site.get(`/api/products/${id}`);
    try {
      await eventually(() => site.lines.some(({ waiting }) => waiting > 0));
      await meanwhile();
    } finally {
      for (const line of site.lines) line.release();
    }
    return answer;
  }

  it('fifty purges of other tags, while as many responses are under way, leave each second request a hit', async () => {
    const others = async (id: number): Promise<void> => purge(`product:${9_000 + id}`);
    for (let id = 101; id <= 100 + PURGES; id += 1) {
      expect(isHit(await first(id, () => others(id)))).toBe(false);
      expect([id, isHit(await site.get(`/api/products/${id}`))]).toEqual([id, true]);
    }
    // Nor do purges of other tags drop what is cached.
    for (let id = 1; id <= PURGES; id += 1) await others(id);
    for (let id = 101; id <= 100 + PURGES; id += 1) expect(isHit(await site.get(`/api/products/${id}`))).toBe(true);
  });

  it('a purge of its own tag from before it was asked for costs no hit either', async () => {
    for (let id = 251; id <= 255; id += 1) {
      await purge(`product:${id}`);
      expect(isHit(await first(id, () => purge('product:9999')))).toBe(false);
      expect([id, isHit(await site.get(`/api/products/${id}`))]).toEqual([id, true]);
    }
  });

  it('a response that was under way for longer than purges are remembered is not kept', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `product:${10_000 + index}`).join(' ');
    await first(261, async () => {
      await purge(`product:261`);
      for (let round = 0; round < 6; round += 1) await purge(many);
    });
    expect(isHit(await site.get('/api/products/261'))).toBe(false);
  });

  it('a purge of its own tag, while the response is under way, costs that hit', async () => {
    for (let id = 201; id <= 205; id += 1) {
      await first(id, () => purge(`product:${id}`));
      expect([id, isHit(await site.get(`/api/products/${id}`))]).toEqual([id, false]);
    }
  });
});
