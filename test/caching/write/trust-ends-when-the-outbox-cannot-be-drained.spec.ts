import { Client } from 'pg';
import { type EvictionNode, stopNodes } from '../../support/eviction-node';
import { eventually } from '../../support/eventually';
import { needs } from '../../support/needs';
import { warm, WatchedCatalogue } from '../../support/watched-catalogue';
import { effort } from '../../support/effort';

needs('postgres', 'redis-server');

interface TrustPart {
  readonly state: 'proved' | 'unproved';
  readonly cause?: string;
}

/** What operators and accidents do to an outbox; each leaves the writers' own connections and Redis alone. */
interface Fault {
  readonly name: string;
  /** The code that health and metrics name. */
  readonly cause: RegExp;
  /** @returns how it ends */
  begin(): Promise<() => Promise<unknown>>;
}

let catalogue: WatchedCatalogue;
let role: string;

beforeAll(async () => {
  catalogue = await WatchedCatalogue.open(20);
  role = await catalogue.addRole();
});

afterAll(async () => {
  await stopNodes();
  await catalogue.dispose();
});

const endSessions = (): Promise<unknown> =>
  catalogue.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND application_name = 'strata-outbox'`,
    [role],
  );

/** A statement in a transaction of another client's, which stays open. */
async function held(sql: string): Promise<() => Promise<unknown>> {
  const holder = new Client({ connectionString: catalogue.url });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(sql);
  return () => holder.end();
}

const FAULTS: Fault[] = [
  {
    name: 'the outbox session ends while the role has no connection slot left',
    cause: /^53300$/,
    async begin() {
      await catalogue.sql(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
      await endSessions();
      return () => catalogue.sql(`ALTER ROLE ${role} CONNECTION LIMIT -1`);
    },
  },
  {
    name: 'the right to drain is withdrawn',
    cause: /^CACHE_OUTBOX_UNUSABLE$/,
    async begin() {
      await catalogue.sql(`REVOKE DELETE ON cache_outbox FROM ${role}`);
      return () => catalogue.sql(`GRANT DELETE ON cache_outbox TO ${role}`);
    },
  },
  {
    name: 'new sessions of the role are read-only',
    cause: /^25006$/,
    async begin() {
      await catalogue.sql(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
      await endSessions();
      return () => catalogue.sql(`ALTER ROLE ${role} RESET default_transaction_read_only`);
    },
  },
  {
    name: 'row-level security hides the records from the role',
    cause: /^CACHE_OUTBOX_UNUSABLE$/,
    async begin() {
      await catalogue.sql('ALTER TABLE cache_outbox ENABLE ROW LEVEL SECURITY');
      return () => catalogue.sql('ALTER TABLE cache_outbox DISABLE ROW LEVEL SECURITY');
    },
  },
  {
    name: 'the outbox is made unlogged',
    cause: /^CACHE_OUTBOX_UNUSABLE$/,
    async begin() {
      await catalogue.sql('ALTER TABLE cache_outbox SET UNLOGGED');
      return () => catalogue.sql('ALTER TABLE cache_outbox SET LOGGED');
    },
  },
  {
    name: 'new sessions of the role fire no triggers',
    cause: /^CACHE_OUTBOX_UNUSABLE$/,
    async begin() {
      await catalogue.sql(`ALTER ROLE ${role} SET session_replication_role = replica`);
      await endSessions();
      return async () => {
        await catalogue.sql(`ALTER ROLE ${role} RESET session_replication_role`);
        await endSessions();
      };
    },
  },
  {
    name: 'another program keeps every record locked',
    cause: /^(55P03|57014|CACHE_TIMEOUT)$/,
    begin: async () => lockRecords(await held('SELECT pg_advisory_lock(1)')),
  },
];

/** New records are locked as soon as they are there. */
async function lockRecords(release: () => Promise<unknown>): Promise<() => Promise<unknown>> {
  await catalogue.sql(`CREATE OR REPLACE FUNCTION wait_for_it() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN OLD; END'`);
  await catalogue.sql(
    'CREATE OR REPLACE TRIGGER wait BEFORE DELETE ON cache_outbox FOR EACH ROW EXECUTE FUNCTION wait_for_it()',
  );
  return async () => {
    await release();
    await catalogue.sql('DROP TRIGGER IF EXISTS wait ON cache_outbox');
  };
}

async function start(consistency: 'bounded' | 'strict'): Promise<EvictionNode> {
  const url = new URL(catalogue.url);
  url.username = url.password = role;
  return catalogue.node({ database: url.href, caching: { consistency } });
}

const trust = (node: EvictionNode): Promise<TrustPart> => node.call<TrustPart>('trust');
const untilProved = (node: EvictionNode): Promise<unknown> =>
  eventually(async () => (await trust(node)).state === 'proved');
const until = (node: EvictionNode, cause: RegExp): Promise<unknown> =>
  eventually(async () => cause.test((await trust(node)).cause ?? ''));

let stock = 5_000;

describe.each(effort<('bounded' | 'strict')[]>(['strict'], ['bounded', 'strict']))('%s', (consistency) => {
  let node: EvictionNode;
  beforeAll(async () => {
    node = await start(consistency);
  });
  afterAll(stopNodes);

  it.each(effort(FAULTS.slice(0, 2), FAULTS))(
    '$name: no acknowledged write is missed for long, the cause is named, and all recovers',
    async (fault) => {
      await eventually(() => warm([node], 'detail', 1));
      const end = await fault.begin();
      try {
        stock += 1;
        await node.write('update()', 1, stock);
        const isSeen = async (): Promise<boolean> => (await node.read('detail', 1)).value.includes(`"stock":${stock},`);
        // Strict: nothing that is behind, from the acknowledgement on. Bounded: for CACHE_MAX_LAG at most, where the TTL is minutes.
        if (consistency === 'strict') expect(await isSeen()).toBe(true);
        else await eventually(isSeen);
        await until(node, fault.cause);
      } finally {
        await end();
      }
      await untilProved(node);
      await eventually(async () => (await catalogue.waiting()) === 0);
      await eventually(() => warm([node], 'detail', 1));
    },
  );
});
