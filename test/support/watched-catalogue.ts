import { EvictionNode, type NodeSettings, type ReadKind } from './eviction-node';
import { type Backend, postgresAndRedis } from './backends';
import { eventually } from './eventually';
import type { PostgresServer } from './postgres-server';
import type { RedisServer } from './redis-server';
import { sql } from './sql';
import { runStrata } from './strata-process';

/** A migrated database of the suite's own with a few products, and nodes on it. */
export class WatchedCatalogue {
  private role?: string;

  private constructor(private readonly backend: Backend) {}

  static async open(count = 300): Promise<WatchedCatalogue> {
    return WatchedCatalogue.prepared(await postgresAndRedis(count));
  }

  /** On servers of the suite's own, which it may kill. It stops them itself. */
  static async on(postgres: PostgresServer, redis: RedisServer, count = 20): Promise<WatchedCatalogue> {
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, CACHE_PREFIX: 'own' };
    const { code, output } = await runStrata('cli/seed.js', ['--count', String(count)], env);
    if (code !== 0) throw new Error(`The products could not be made:\n${output}`);
    return WatchedCatalogue.prepared({ name: 'postgres+redis', env, dispose: () => Promise.resolve() });
  }

  private static async prepared(backend: Backend): Promise<WatchedCatalogue> {
    const catalogue = new WatchedCatalogue(backend);
    await catalogue.sql(`CREATE FUNCTION set_stock(integer, integer) RETURNS void LANGUAGE sql
                         AS 'UPDATE products SET stock = $2 WHERE id = $1'`);
    return catalogue;
  }

  get url(): string {
    return this.backend.env.DATABASE_URL!;
  }

  get redisUrl(): string {
    return this.backend.env.REDIS_URL!;
  }

  get prefix(): string {
    return this.backend.env.CACHE_PREFIX!;
  }

  node(settings: Partial<NodeSettings> = {}): Promise<EvictionNode> {
    const caching = { prefix: this.prefix, redis: { url: this.redisUrl }, ...settings.caching };
    return EvictionNode.start({ database: this.url, ...settings, caching });
  }

  sql<T extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]> {
    return sql<T>(this.url, text, values);
  }

  /** Makes a role that may use everything, until the end. @returns its name, which is its password as well */
  async addRole(): Promise<string> {
    const role = (this.role = `${this.prefix}_role`);
    await this.sql(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await this.sql(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    await this.sql(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`);
    return role;
  }

  /** How many records wait. */
  async waiting(): Promise<number> {
    return Number((await this.sql<{ count: string }>('SELECT count(*) FROM cache_outbox'))[0]?.count);
  }

  async dispose(): Promise<void> {
    if (this.role !== undefined) {
      await this.sql(`DROP OWNED BY ${this.role}`);
      await this.sql(`DROP ROLE ${this.role}`);
    }
    await this.backend.dispose();
  }
}

/** Every node has the answer in its own memory: until a node has its first proof, it keeps nothing. @returns the answer */
export function warm(nodes: EvictionNode[], kind: ReadKind, argument?: number | string): Promise<string> {
  return eventually(async () => {
    const reads = await Promise.all(nodes.map((node) => node.read(kind, argument)));
    expect(reads.map(({ outcome }) => outcome)).toEqual(nodes.map(() => 'hit'));
    return reads[0]!.value;
  });
}

/** Waits until every node has another answer than `old`. @returns milliseconds until the last one had */
export async function untilAllSee(
  nodes: EvictionNode[],
  old: string,
  kind: ReadKind,
  argument?: number | string,
): Promise<number> {
  const start = performance.now();
  await Promise.all(nodes.map((node) => eventually(async () => (await node.read(kind, argument)).value !== old)));
  return performance.now() - start;
}
