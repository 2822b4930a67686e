import { MOST } from './by-api';
import { type Owner, pickOne, type Written } from './written';

const CHANGES = [
  'save',
  'bulk save',
  'upsert',
  'update()',
  'increment',
  'builder',
  'query()',
  'query() with a writing CTE',
  'transaction with savepoints',
  'hand-written BEGIN',
  'rolled back',
];
const REMOVALS = ['delete', 'remove'];
/** Ids of products that are inserted with one, far from those that the sequence gives. */
let lastId = 1_000_000;

/** By one of TypeORM's roads that no route takes, in a node of its own on the same database, Redis and clock. */
export async function byTypeOrm({ cluster, categories, random, state: { products } }: Owner): Promise<Written> {
  const dice = random();
  const removing = dice < 0.1 && products.length > 4;
  const inserting = products.length === 0 || (dice > 0.9 && products.length < MOST);
  const road = inserting ? 'insert' : pickOne(removing ? REMOVALS : CHANGES, random);
  const id = inserting ? (lastId += 1) : pickOne(products, random).id;
  const stock = Math.floor(random() * 6);
  const ok = await cluster.library.write(road, id, stock, categories[0]).then(
    () => true,
    () => false,
  );
  return { how: `${road} of product ${id} with TypeORM, stock ${stock}`, ok, promised: true };
}
