import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { slowIt } from '../../support/effort';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';

needs('postgres', 'redis-server');

interface TrustPart {
  readonly state: 'proved' | 'unproved';
  readonly cause?: string;
}

let catalogue: WatchedCatalogue;
let role: string;
let node: EvictionNode;
let stock = 5_000;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
  role = await catalogue.addRole();
  const url = new URL(catalogue.url);
  url.username = url.password = role;
  node = await catalogue.node({ database: url.href, caching: { consistency: 'bounded' } });
});

afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

const trust = (): Promise<TrustPart> => node.call<TrustPart>('trust');
const untilProved = (): Promise<unknown> => eventually(async () => (await trust()).state === 'proved');

const unwatched = async (begin: string[], write: string, end: string[]): Promise<void> => {
  await eventually(() => warm([node], 'detail', 2));
  for (const sql of begin) await catalogue.sql(sql);
  await eventually(async () => (await trust()).cause === 'CACHE_TABLE_UNWATCHED');
  stock += 1;
  await catalogue.sql(write, [stock]);
  await eventually(async () => (await node.read('detail', 2)).value.includes(`"stock":${stock},`));
  for (const sql of end) await catalogue.sql(sql);
  await untilProved();
  await eventually(() => warm([node], 'detail', 2));
};

const SET = 'UPDATE products SET stock = $1 WHERE id = 2';

it('triggers disabled while the service runs: trust ends, and comes back with a new epoch when they are enabled', async () => {
  await unwatched(['ALTER TABLE products DISABLE TRIGGER ALL'], SET, ['ALTER TABLE products ENABLE TRIGGER ALL']);
});

it('so does one that watches a partition or a child, which is written directly', async () => {
  await catalogue.sql('CREATE TABLE products_child () INHERITS (products)');
  await catalogue.sql(`DO $$ DECLARE made text; BEGIN
    FOR made IN SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'products'::regclass AND tgname LIKE 'cache_watch%'
    LOOP EXECUTE regexp_replace(made, ' ON \\S+', ' ON products_child'); END LOOP;
  END $$`);
  await catalogue.sql(`GRANT ALL ON products_child TO ${role}`);
  await catalogue.sql(`WITH moved AS (DELETE FROM ONLY products WHERE id = 2 RETURNING *)
    INSERT INTO products_child SELECT * FROM moved`);
  try {
    await unwatched(
      ['ALTER TABLE products_child DISABLE TRIGGER ALL'],
      'UPDATE products_child SET stock = $1 WHERE id = 2',
      ['ALTER TABLE products_child ENABLE TRIGGER ALL'],
    );
  } finally {
    await catalogue.sql(
      `WITH moved AS (DELETE FROM products_child RETURNING *) INSERT INTO products SELECT * FROM moved`,
    );
    await catalogue.sql('DROP TABLE products_child');
  }
});

slowIt('a table of the same name takes the place of the watched one', async () => {
  await unwatched(
    [
      'ALTER TABLE products RENAME TO products_watched',
      'CREATE TABLE products (LIKE products_watched)',
      `GRANT ALL ON products TO ${role}`,
      'INSERT INTO products SELECT * FROM products_watched',
    ],
    SET,
    ['DROP TABLE products', 'ALTER TABLE products_watched RENAME TO products'],
  );
});

slowIt('disabled and enabled again between two polls: what was written meanwhile is not missed', async () => {
  await eventually(() => warm([node], 'detail', 3));
  stock += 1;
  // One transaction, so no poll sees the triggers disabled.
  await catalogue.sql(`DO $$ BEGIN
    ALTER TABLE products DISABLE TRIGGER ALL;
    UPDATE products SET stock = ${stock} WHERE id = 3;
    ALTER TABLE products ENABLE TRIGGER ALL;
  END $$`);
  await eventually(async () => (await node.read('detail', 3)).value.includes(`"stock":${stock},`));
  await untilProved();
});
