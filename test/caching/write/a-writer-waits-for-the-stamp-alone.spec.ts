import { Client } from 'pg';
import type { EvictionNode } from '../../support/eviction-node';
import { stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server');

const LOCK = 42;

let catalogue: WatchedCatalogue;
let writer: EvictionNode;
let reader: EvictionNode;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
  [writer, reader] = await Promise.all([catalogue.node(), catalogue.node()]);
});

afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

/** How many writes of the writer were acknowledged without their stamp. */
async function late(): Promise<number> {
  return (await writer.call<{ evictionLate: number }>('counts')).evictionLate;
}

/**
 * Whether a write is acknowledged while its record is still being deleted. A poll may find the record before the writer's own drain does:
 * then that poll waits at its COMMIT, and the writer waits for the poll.
 */
async function isAcknowledgedMeanwhile(stock: number): Promise<boolean> {
  const holder = new Client({ connectionString: catalogue.url });
  await holder.connect();
  try {
    await holder.query(`SELECT pg_advisory_lock(${LOCK})`);
    const before = await late();
    await writer.write('save', 7, stock);
    expect(await catalogue.waiting()).toBe(1);
    if ((await late()) > before) return false;
    expect((await reader.read('detail', 7)).value).toContain(`"stock":${stock}`);
    return true;
  } finally {
    await holder.end();
    await eventually(async () => (await catalogue.waiting()) === 0);
  }
}

it('a writer is acknowledged when every node has the stamp, though the record is still being deleted', async () => {
  // The drain's COMMIT, which runs deferred triggers, waits for as long as somebody else has the lock.
  await catalogue.sql(`CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NULL; END'`);
  await catalogue.sql(`CREATE CONSTRAINT TRIGGER slow AFTER DELETE ON cache_outbox DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_at_commit()`);
  await warm([reader], 'detail', 7);
  let stock = 4_711;
  while (!(await isAcknowledgedMeanwhile(stock))) expect((stock += 1)).toBeLessThan(4_731);
});
