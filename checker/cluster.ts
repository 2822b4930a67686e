import { EvictionNode } from '../test/support/eviction-node';
import { TcpProxy } from '../test/support/tcp-proxy';
import { eventually } from '../test/support/eventually';
import { Member, type MemberOptions, preloads } from './member';
import { PREFIX, Stage } from './stage';

/** Milliseconds. */
const SHOWN_MS = 15_000;

export interface ClusterOptions extends MemberOptions {
  nodes: number;
}

/** Real nodes on one database and one Redis of their own, each with wires that can be cut. The first one is behind a pooler. */
export class Cluster {
  readonly members: Member[] = [];
  private typeorm: EvictionNode | undefined;
  private libraryRedis: TcpProxy | undefined;
  /** `performance.now()` at which triggers were last known to be disabled. */
  private blindAt = -Infinity;
  /** What broke and was repaired, and when (`performance.now()`). */
  private readonly notes: { at: number; text: string }[] = [];

  private constructor(
    private readonly options: ClusterOptions,
    readonly stage: Stage,
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options, await Stage.start());
    try {
      for (let i = 0; i < options.nodes; i += 1) {
        cluster.members.push(await Member.start(cluster.stage, options, i === 0));
      }
      cluster.libraryRedis = await TcpProxy.to(cluster.stage.redis.port);
      cluster.typeorm = await cluster.startLibrary(cluster.libraryRedis);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** One more node, without HTTP: for the roads of TypeORM that no route takes. */
  get library(): EvictionNode {
    return this.typeorm!;
  }

  get size(): number {
    return this.members.length;
  }

  get isStrict(): boolean {
    return this.options.mode === 'strict';
  }

  /** Undefined: that node is down at the moment. */
  url(index: number): string | undefined {
    return this.members[index]?.node?.url;
  }

  /** Every way to Redis. */
  get redisWires(): TcpProxy[] {
    return [...this.members.map(({ redis }) => redis), this.libraryRedis!];
  }

  /** Processes that ended by themselves. */
  get deaths(): string[] {
    const { typeorm } = this;
    const library =
      typeorm && typeorm.child.exitCode !== null ? [`the library ended with ${typeorm.child.exitCode}`] : [];
    return [...this.members.flatMap(({ deaths }) => deaths), ...library];
  }

  note(text: string): void {
    this.notes.push({ at: performance.now(), text });
  }

  /** What was noted in the seconds before `at`. */
  notedBefore(at: number): string[] {
    const recent = this.notes.filter((note) => note.at < at && note.at > at - SHOWN_MS);
    return recent.map((note) => `${note.text}, at ${note.at.toFixed(1)}`);
  }

  /** No trigger fires from now until it is called with false. */
  setBlind(blind: boolean): void {
    this.blindAt = blind ? Infinity : performance.now();
  }

  /** Whether a write that began at `startedAt` may have met no trigger: then only the bound holds for it. */
  wasBlindSince(startedAt: number): boolean {
    return this.blindAt >= startedAt;
  }

  /** Resolves when nothing that was sent to the database by now can still take effect. */
  async untilQuiet(): Promise<void> {
    await eventually(() =>
      this.members.every(({ databaseWires }) => databaseWires.every(({ queued }) => queued === 0)),
    );
    await this.stage.untilQuiet();
  }

  async stop(): Promise<void> {
    await this.typeorm?.kill();
    await Promise.all(this.members.map((member) => member.stop()));
    await this.libraryRedis?.close();
    await this.stage.stop();
  }

  private startLibrary(redis: TcpProxy): Promise<EvictionNode> {
    const { mode, maxLag, preload } = this.options;
    const url = this.stage.nodeRedis(redis.port);
    const caching = { prefix: PREFIX, redis: { url }, consistency: mode, maxLag: `${maxLag}ms` } as const;
    const database = this.stage.nodeDatabase(this.stage.postgres.port);
    return EvictionNode.start({ database, caching, nodeOptions: preloads(preload) });
  }
}
