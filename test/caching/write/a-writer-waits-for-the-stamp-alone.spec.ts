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

it('a writer is acknowledged when every node has the stamp, though the record is still being deleted', async () => {
  // The drain's COMMIT, which runs deferred triggers, waits for as long as somebody else has the lock.
  await catalogue.sql(`CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NULL; END'`);
  await catalogue.sql(`CREATE CONSTRAINT TRIGGER slow AFTER DELETE ON cache_outbox DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_at_commit()`);
  await warm([reader], 'detail', 7);
  const holder = new Client({ connectionString: catalogue.url });
  await holder.connect();
  await holder.query(`SELECT pg_advisory_lock(${LOCK})`);

  await writer.write('save', 7, 4711);
  expect(await catalogue.waiting()).toBe(1);
  expect(await writer.call('counts')).toMatchObject({ evictionLate: 0 });
  expect((await reader.read('detail', 7)).value).toContain('"stock":4711');

  await holder.end();
  await eventually(async () => (await catalogue.waiting()) === 0);
});
