import { Pool } from 'pg';
import { eventually } from '../test/support/eventually';
import { PgBouncer } from '../test/support/pg-bouncer';
import { PostgresServer } from '../test/support/postgres-server';
import { RedisServer } from '../test/support/redis-server';
import { DOCUMENTED_USER } from '../test/support/redis-user';
import { runStrata } from '../test/support/strata-process';

/** The role of every node: no superuser, and not the owner of the tables. */
export const ROLE = 'service';
export const PREFIX = 'strata';
const PASSWORD = 'checker';

/** With no more rights than docs/redis.md asks for. */
const [NAME, ...RIGHTS] = DOCUMENTED_USER.filter((word) => word !== 'reset') as [string, ...string[]];
export const REDIS_USER = NAME;
const REDIS_PASSWORD = RIGHTS.find((word) => word.startsWith('>'))!.slice(1);

/** The servers of one run, all its own: one PostgreSQL, two Redis servers and a PgBouncer. */
export class Stage {
  /** What the checker itself asks. No fault ends these sessions but that of the whole server. */
  readonly oracle: Pool;
  /** Another program, which knows nothing of caches. */
  readonly outside: Pool;

  private constructor(
    readonly postgres: PostgresServer,
    /** The master of the moment. */
    public redis: RedisServer,
    public spareRedis: RedisServer,
    private readonly bouncer: PgBouncer,
  ) {
    this.oracle = this.pool('oracle');
    this.outside = this.pool('outside');
  }

  static async start(): Promise<Stage> {
    const user = ['--user', REDIS_USER, ...RIGHTS];
    const [postgres, redis, spare] = await Promise.all([
      PostgresServer.start({ idle_in_transaction_session_timeout: '60s' }),
      RedisServer.start(...user),
      RedisServer.start(...user),
    ]);
    const bouncer = await prepare(postgres).catch(async (error: unknown) => {
      await Promise.all([postgres.stop(), redis.stop(), spare.stop()]);
      throw error;
    });
    return new Stage(postgres, redis, spare, bouncer);
  }

  /** For other programs. */
  get databaseUrl(): string {
    return this.postgres.url;
  }

  /** The port of the pooler, which is in transaction mode. */
  get poolerPort(): number {
    return Number(new URL(this.bouncer.url).port);
  }

  /** As the nodes use it. @param port of the server, or of a wire to it */
  nodeDatabase(port: number): string {
    return roleUrl(this.postgres, port);
  }

  nodeRedis(port: number): string {
    return `redis://${REDIS_USER}:${REDIS_PASSWORD}@127.0.0.1:${port}`;
  }

  /** One statement of an administrator's, as soon as the server takes it. */
  async sql(text: string): Promise<Record<string, unknown>[]> {
    return eventually(async () => (await this.oracle.query<Record<string, unknown>>(text)).rows);
  }

  /** Resolves when every transaction of now has ended, those of the checker's own faults aside. */
  async untilQuiet(): Promise<void> {
    const [{ now }] = (await this.sql('SELECT clock_timestamp()::text AS now')) as [{ now: string }];
    await eventually(async () => {
      const [{ open }] = (await this.sql(
        `SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name NOT IN ('oracle', 'fault')
         AND backend_type = 'client backend' AND state <> 'idle' AND xact_start < '${now}'`,
      )) as [{ open: number }];
      return open === 0;
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.oracle.end(), this.outside.end()]);
    await this.bouncer.stop();
    await Promise.all([this.postgres.stop(), this.redis.stop(), this.spareRedis.stop()]);
  }

  private pool(name: string): Pool {
    const pool = new Pool({ connectionString: this.postgres.url, application_name: name, max: 20 });
    // The server may end an idle connection: the next statement has another.
    pool.on('error', () => undefined);
    return pool;
  }
}

async function prepare(postgres: PostgresServer): Promise<PgBouncer> {
  const { code, output } = await runStrata('cli/seed.js', ['--count', '1'], { DATABASE_URL: postgres.url });
  if (code !== 0) throw new Error(`The catalogue could not be made:\n${output}`);
  const pool = new Pool({ connectionString: postgres.url, max: 1 });
  await pool.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}';
    GRANT ALL ON ALL TABLES IN SCHEMA public TO ${ROLE}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${ROLE}`);
  await pool.end();
  return PgBouncer.start(roleUrl(postgres, postgres.port), 'transaction');
}

function roleUrl(postgres: PostgresServer, port: number): string {
  const url = new URL(postgres.url);
  url.username = ROLE;
  url.password = PASSWORD;
  url.port = String(port);
  return url.href;
}
