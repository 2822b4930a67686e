import { join } from 'node:path';
import { Pool } from 'pg';
import { type Backend, postgresAndRedis } from '../test/support/backends';
import { EvictionNode } from '../test/support/eviction-node';
import { pause } from '../test/support/eventually';
import { RedisServer } from '../test/support/redis-server';
import { startStrata, type StrataProcess } from '../test/support/strata-process';
import { TcpProxy } from '../test/support/tcp-proxy';

export interface ClusterOptions {
  nodes: number;
  mode: 'strict' | 'bounded';
  maxLag: number;
  /** Files of test/support/preload that every node loads first. */
  preload: string[];
}

interface Member {
  node: StrataProcess | undefined;
  redis: TcpProxy;
  postgres: TcpProxy;
}

/** Real nodes on one database and one Redis of their own, each with wires that can be cut. */
export class Cluster {
  private members: Member[] = [];
  private typeorm: EvictionNode | undefined;

  private constructor(
    private readonly options: ClusterOptions,
    private readonly backend: Backend,
    private readonly redis: RedisServer,
    readonly db: Pool,
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const [backend, redis] = await Promise.all([postgresAndRedis(), RedisServer.start()]);
    const db = new Pool({ connectionString: backend.env.DATABASE_URL });
    // The server may end an idle connection, at the latest when the database is dropped: the next statement has another.
    db.on('error', () => undefined);
    const cluster = new Cluster(options, backend, redis, db);
    try {
      for (let i = 0; i < options.nodes; i += 1) cluster.members.push(await cluster.join());
      cluster.typeorm = await cluster.startLibrary();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get databaseUrl(): string {
    return this.backend.env.DATABASE_URL!;
  }

  /** One more node, without HTTP: for the roads of TypeORM that no route takes. */
  get library(): EvictionNode {
    return this.typeorm!;
  }

  get size(): number {
    return this.members.length;
  }

  /** Undefined: that node is down at the moment. */
  url(index: number): string | undefined {
    return this.members[index]?.node?.url;
  }

  /** One thing breaks, and is mended some time later. @returns what it was */
  async breakSomething(random: () => number): Promise<string> {
    const index = Math.floor(random() * this.size);
    const member = this.members[index]!;
    const ms = 200 + random() * 1_200;
    switch (Math.floor(random() * 6)) {
      case 0: {
        const { node } = member;
        member.node = undefined;
        await node?.kill();
        member.node = await this.boot(member);
        return `node ${index} killed and started again`;
      }
      case 1:
        this.redis.freeze();
        await pause(ms);
        this.redis.thaw();
        return `Redis frozen for ${ms.toFixed(0)} ms`;
      case 2:
        await this.redis.kill();
        await pause(ms / 2);
        await this.redis.up();
        return 'Redis killed and started again, empty';
      case 3:
        member.redis.cut();
        return `node ${index}'s Redis connections cut`;
      case 4:
        member.redis.partition();
        await pause(ms);
        member.redis.heal();
        return `node ${index} without Redis for ${ms.toFixed(0)} ms`;
      default:
        member.postgres.refuse();
        await pause(ms / 2);
        member.postgres.heal();
        return `node ${index} without PostgreSQL for ${(ms / 2).toFixed(0)} ms`;
    }
  }

  async stop(): Promise<void> {
    await this.typeorm?.kill();
    await Promise.all(this.members.flatMap(({ node }) => (node ? [node.kill()] : [])));
    await Promise.all(this.members.flatMap(({ redis, postgres }) => [redis.close(), postgres.close()]));
    await this.redis.stop();
    await this.db.end();
    await this.backend.dispose();
  }

  private async join(): Promise<Member> {
    const { port } = new URL(this.backend.env.DATABASE_URL!);
    const member: Member = {
      node: undefined,
      redis: await TcpProxy.to(this.redis.port),
      postgres: await TcpProxy.to(Number(port || 5432)),
    };
    member.node = await this.boot(member);
    return member;
  }

  private startLibrary(): Promise<EvictionNode> {
    const { mode, maxLag } = this.options;
    const prefix = this.backend.env.CACHE_PREFIX!;
    const caching = { prefix, redis: { url: this.redis.url }, consistency: mode, maxLag: `${maxLag}ms` };
    return EvictionNode.start({ database: this.databaseUrl, caching, nodeOptions: this.nodeOptions });
  }

  private get nodeOptions(): string {
    return this.options.preload
      .map((name) => `--require ${join(__dirname, '../test/support/preload', `${name}.cjs`)}`)
      .join(' ');
  }

  private boot({ redis, postgres }: Member): Promise<StrataProcess> {
    const database = new URL(this.databaseUrl);
    database.host = `127.0.0.1:${postgres.port}`;
    return startStrata({
      ...this.backend.env,
      DATABASE_URL: database.href,
      REDIS_URL: redis.url,
      CACHE_CONSISTENCY: this.options.mode,
      CACHE_MAX_LAG: `${this.options.maxLag}ms`,
      NODE_OPTIONS: this.nodeOptions,
    });
  }
}
