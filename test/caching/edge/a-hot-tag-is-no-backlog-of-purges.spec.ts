import { Pool } from 'pg';
import { createPurgeQueue } from '../../../src/caching';
import { PurgeQueue } from '../../../src/caching/write/purge/queue';
import type { Backend } from '../../support/backends';
import { onPostgres } from '../../support/backends';

/** In ms. */
const LEASE = 60_000;
const AN_HOUR = 3_600_000;

onPostgres((open) => {
  let backend: Backend;
  let pool: Pool;
  let queue: PurgeQueue;
  beforeAll(async () => {
    backend = await open();
    pool = new Pool({ connectionString: backend.env.DATABASE_URL });
    await createPurgeQueue(pool);
    queue = new PurgeQueue(() => pool);
  });
  beforeEach(async () => {
    await pool.query('TRUNCATE cache_purges');
    await queue.add(['hot']);
    await pool.query(`UPDATE cache_purges SET queued_at = now() - interval '1 hour'`);
  });
  afterAll(async () => {
    await pool.end();
    await backend.dispose();
  });

  it('a tag that is queued again while it is purged has waited since that purge', async () => {
    const due = await queue.claim(LEASE);
    expect(due.map(({ tag, lag }) => [tag, lag >= AN_HOUR])).toEqual([['hot', true]]);
    await queue.add(['hot']);
    await queue.markPurged(due, LEASE);
    const waiting = await queue.waiting();
    expect(waiting).toMatchObject({ count: 1, due: true });
    expect(waiting.oldestMs).toBeLessThan(AN_HOUR / 2);
    expect((await queue.claim(LEASE)).map(({ tag, isRepeat }) => [tag, isRepeat])).toEqual([['hot', false]]);
  });

  it('a tag that is queued again while its purge fails has waited since it was queued first', async () => {
    const due = await queue.claim(LEASE);
    await queue.add(['hot']);
    await queue.postpone(due, LEASE);
    const waiting = await queue.waiting();
    expect(waiting).toMatchObject({ count: 1, due: true });
    expect(waiting.oldestMs).toBeGreaterThanOrEqual(AN_HOUR);
  });

  it('a tag that is not queued again is purged once more, and no longer waits', async () => {
    await queue.markPurged(await queue.claim(LEASE), 0);
    expect(await queue.waiting()).toMatchObject({ count: 0, oldestMs: 0 });
    const repeat = await queue.claim(LEASE);
    expect(repeat.map(({ tag, isRepeat }) => [tag, isRepeat])).toEqual([['hot', true]]);
    await queue.markPurged(repeat, 0);
    expect(await queue.claim(LEASE)).toEqual([]);
  });
});
