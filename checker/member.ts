import { join } from 'node:path';
import { eventually } from '../test/support/eventually';
import { startStrata, type StrataProcess } from '../test/support/strata-process';
import { TcpProxy } from '../test/support/tcp-proxy';
import type { Stage } from './stage';

export interface MemberOptions {
  mode: 'strict' | 'bounded';
  maxLag: number;
  /** Files of test/support/preload that every node loads first. */
  preload: string[];
}

/** One node, and its own wires to the servers, which can be cut. */
export class Member {
  node: StrataProcess | undefined;
  /** Ends of its process that the checker did not cause. */
  readonly deaths: string[] = [];

  private constructor(
    private readonly stage: Stage,
    private readonly options: MemberOptions,
    readonly redis: TcpProxy,
    /** Where its requests' statements go, through the pooler if it has one. */
    readonly postgres: TcpProxy,
    /** Where its drain goes, if not the same way. */
    readonly direct: TcpProxy | undefined,
  ) {}

  /** @param pooled behind the pooler, with a direct way for the drain */
  static async start(stage: Stage, options: MemberOptions, pooled: boolean): Promise<Member> {
    const { port } = stage.postgres;
    const [redis, postgres, direct] = await Promise.all([
      TcpProxy.to(stage.redis.port),
      TcpProxy.to(pooled ? stage.poolerPort : port),
      pooled ? TcpProxy.to(port) : undefined,
    ]);
    const member = new Member(stage, options, redis, postgres, direct);
    await member.boot();
    return member;
  }

  get databaseWires(): TcpProxy[] {
    return this.direct ? [this.postgres, this.direct] : [this.postgres];
  }

  /** Starts it (again). Without a database it refuses, and is tried again, as an orchestrator would. */
  async boot(): Promise<void> {
    const node = await eventually(() => this.start());
    this.node = node;
    node.child.once('exit', (code, signal) => {
      if (this.node !== node) return;
      this.node = undefined;
      this.deaths.push(`a node ended with ${code ?? signal}: ${node.output().slice(-2_000)}`);
    });
  }

  private start(): Promise<StrataProcess> {
    const { stage, options, redis, postgres, direct } = this;
    return startStrata({
      DATABASE_URL: stage.nodeDatabase(postgres.port),
      ...(direct && { DATABASE_DIRECT_URL: stage.nodeDatabase(direct.port) }),
      REDIS_URL: stage.nodeRedis(redis.port),
      CACHE_CONSISTENCY: options.mode,
      CACHE_MAX_LAG: `${options.maxLag}ms`,
      NODE_OPTIONS: preloads([...options.preload, 'wall-clock-by-signal']),
    });
  }

  async kill(): Promise<void> {
    const { node } = this;
    this.node = undefined;
    await node?.kill();
  }

  async stop(): Promise<void> {
    await this.kill();
    await Promise.all([this.redis, ...this.databaseWires].map((wire) => wire.close()));
  }
}

/** NODE_OPTIONS that load files of test/support/preload. */
export function preloads(names: readonly string[]): string {
  return names.map((name) => `--require ${join(__dirname, '../test/support/preload', `${name}.cjs`)}`).join(' ');
}
