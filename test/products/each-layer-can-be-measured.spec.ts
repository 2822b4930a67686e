import { Backend, onRealServers } from '../support/backends';
import { effort } from '../support/effort';
import { ask, RawAnswer } from '../support/http';
import { sql } from '../support/sql';
import { startStrata } from '../support/strata-process';

onRealServers((open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open(200);
  });
  afterAll(() => backend.dispose());

  /** How often the service has read the table: index and sequential scans as PostgreSQL counts them. */
  const oneAfterAnother = async (layers: string): Promise<{ first: RawAnswer; later: RawAnswer; bare: boolean }> => {
    // A prefix of its own: what another service has put into Redis is none of this one's.
    const env = {
      ...backend.env,
      CACHE_LAYERS: layers,
      CACHE_PREFIX: `${backend.env.CACHE_PREFIX}-${layers.replace(',', '-')}`,
    };
    const service = await startStrata(env);
    try {
      const first = await ask(service.url, '/api/products/1');
      // Past every hook and trigger: only a cache still knows the old name.
      await sql(
        backend.env.DATABASE_URL!,
        'BEGIN; SET LOCAL session_replication_role = replica; UPDATE products SET stock = stock + 1 WHERE id = 1; COMMIT',
      );
      const later = await ask(service.url, '/api/products/1');
      return { first, later, bare: !first.body.equals(later.body) };
    } finally {
      await service.stop();
    }
  };

  const single: [string, boolean, string, RegExp][] = [
    ['query', false, 'BYPASS', /fwd=bypass; detail=off$/],
    ['view', false, 'HIT', /; hit; ttl=\d+; detail=l1$/],
  ];
  const none: typeof single = [['none', true, 'BYPASS', /fwd=bypass; detail=off$/]];
  const both: typeof single = [['view,query', false, 'HIT', /; hit; ttl=\d+; detail=l1$/]];
  // In npm test most suites run without a layer, or with both.
  it.each(effort(single, [...none, ...single, ...both]))(
    'CACHE_LAYERS=%s',
    async (layers, asksDatabase, xCache, status) => {
      const { first, later, bare } = await oneAfterAnother(layers);
      expect([first.status, later.status]).toEqual([200, 200]);
      expect(bare).toBe(asksDatabase);
      expect(later.headers['x-cache']).toBe(xCache);
      expect(later.headers['cache-status']).toMatch(status);
      expect(later.headers.etag).toMatch(/^"[\w-]{27}"$/);
      expect(first.headers.etag === later.headers.etag).toBe(!asksDatabase);
    },
  );
});
