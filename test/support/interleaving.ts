import type { Scheduler } from 'fast-check';
import { CacheEventBus, type CacheResult, TieredStore, type TagClock, DependencyTracker } from '../../src/caching';
import { resolveOptions } from '../../src/caching/caching.options';
import { Freshness } from '../../src/caching/core/store/freshness';
import { L1 } from '../../src/caching/core/store/tiers/l1';
import type { StoreParts } from '../../src/caching/core/store/store-parts';
import { MemoryTagClock } from '../../src/caching/core/clock/memory-tag-clock';
import { RedisTagClock } from '../../src/caching/core/clock/redis-tag-clock';
import type { Time } from '../../src/caching/core/async/time';
import { TransactionScope } from '../../src/caching/core/async/transaction-scope';
import { KEYS, type Step } from './interleaving-plans';
import { MAX_TAGS, ScriptedRedis } from './scripted-redis';

export { clients, rivals } from './interleaving-plans';

export interface Setting {
  readonly clock: 'memory' | 'redis';
  readonly consistency: 'bounded' | 'strict';
  /** Breaks one of the laws, to show that this check would notice. */
  readonly sabotage?: (clock: TagClock, time: Time) => Partial<StoreParts>;
}

export class StaleRead extends Error {}
class SourceFailed extends Error {}

const MAX_LAG = 100;

/** Runs the clients over the real store and clock in the order the scheduler finds. @throws StaleRead */
export class World {
  reads = 0;
  private now = 1_000;
  private readonly versions = new Map(KEYS.map((name) => [name, 0]));
  private readonly acknowledged: { key: string; version: number; node: number; at: number }[] = [];
  private readonly nodes: { store: TieredStore; clock: TagClock }[] = [];
  private readonly redis: ScriptedRedis;
  private readonly sourceFails: () => boolean;
  private readonly time: Time = {
    wall: () => this.now,
    mono: () => this.now,
    sleep: async (ms) => {
      await this.pause('sleep');
      this.now += ms;
    },
  };

  constructor(
    private readonly scheduler: Scheduler,
    private readonly setting: Setting,
    isLost: (what: 'message' | 'leg' | 'load') => boolean,
  ) {
    this.sourceFails = () => isLost('load');
    this.redis = new ScriptedRedis(scheduler, isLost);
    const count = setting.clock === 'memory' ? 1 : 2;
    for (let i = 0; i < count; i++) this.nodes.push(this.node());
  }

  async run(plans: readonly Step[][]): Promise<void> {
    for (const { clock } of this.nodes) if (clock instanceof RedisTagClock) void clock.beat();
    await this.scheduler.waitAll();
    await this.drive(Promise.all(plans.map((plan) => this.client(plan))));
    await this.drive(Promise.all(this.nodes.map(({ store }) => store.idle())));
  }

  /** One scheduled step after the other, each followed by whatever it set going (`waitFor` does so too, 20 times slower). */
  private async drive(work: Promise<unknown>): Promise<void> {
    let ended = false;
    const end = (): boolean => (ended = true);
    work.then(end, end);
    while (!ended) {
      if (this.scheduler.count() > 0) await this.scheduler.waitOne();
      await new Promise(setImmediate);
    }
    await work;
  }

  private node(): { store: TieredStore; clock: TagClock } {
    const events = new CacheEventBus();
    const { time, setting } = this;
    const options = resolveOptions({ maxLag: MAX_LAG, consistency: setting.consistency, fillWait: 30 });
    const clock =
      setting.clock === 'memory'
        ? new MemoryTagClock(MAX_TAGS, events)
        : new RedisTagClock(
            this.redis.transport(),
            { maxLag: MAX_LAG, timeout: 10_000, maxTags: MAX_TAGS },
            time,
            events,
          );
    const shared = setting.clock === 'redis' && { l2: this.redis.l2(() => clock.now()), lock: this.redis.lock() };
    const store = new TieredStore({
      clock,
      dependencies: new DependencyTracker(clock, time),
      transactions: new TransactionScope(),
      freshness: new Freshness(clock, time, options),
      l1: new L1(100_000, events),
      ...shared,
      events,
      time,
      random: () => 0.5,
      isAlone: () => false,
      defaults: options,
      fillWait: options.fillWait,
      backOff: options.backOff,
      ...setting.sabotage?.(clock, time),
      tracing: options.tracing,
    });
    return { store, clock };
  }

  private async client(plan: readonly Step[]): Promise<void> {
    for (const step of plan) {
      await this.pause(step.do);
      switch (step.do) {
        case 'read':
          await this.read(step.node, [step.key], () => this.item(step.node, step.key));
          break;
        case 'view':
        case 'page':
          await this.read(step.node, KEYS, () => this.view(step.node, step.do));
          break;
        case 'write':
          await this.write(step.node, step.key);
          break;
        case 'beat':
          await (this.nodes[step.node]!.clock as RedisTagClock).beat?.();
          break;
        case 'pass':
          this.now += step.ms;
          break;
        case 'forget':
          this.redis.forget();
          break;
        default:
          step satisfies never;
      }
    }
  }

  /** Built from both cached items (Law 2): a `page` finds them by one look. */
  private view(node: number, by: 'view' | 'page'): Promise<CacheResult> {
    return this.nodes[node]!.store.getOrLoad(by, {}, async () => {
      const parts = await (by === 'page' ? this.items(node) : Promise.all(KEYS.map((name) => this.item(node, name))));
      // As the view layer does: what a part of is there by grace is kept nowhere.
      const store = parts.every(({ outcome }) => outcome !== 'grace');
      return { body: parts.map((part) => part.entry.body as string).join(' '), store };
    });
  }

  private items(node: number): Promise<CacheResult[]> {
    const keys = KEYS.map((name) => `item:${name}`);
    const load = async (missing: readonly string[]): Promise<Map<string, { body: string }>> =>
      new Map(await Promise.all(missing.map(async (each) => [each, await this.source(nameOf(each))] as const)));
    return this.nodes[node]!.store.getOrLoadMany(keys, { tagsOf: (each) => [nameOf(each)] }, load);
  }

  private item(node: number, name: string): Promise<CacheResult> {
    return this.nodes[node]!.store.getOrLoad(`item:${name}`, { tags: [name] }, () => this.source(name));
  }

  private async source(name: string): Promise<{ body: string }> {
    await this.pause('query sent');
    const version = this.versions.get(name);
    await this.pause('rows arrive');
    if (this.sourceFails()) throw new SourceFailed();
    return { body: `${name}=${version}` };
  }

  private async write(node: number, name: string): Promise<void> {
    await this.pause('commit');
    const version = this.versions.get(name)! + 1;
    this.versions.set(name, version);
    // More tags than the clock remembers: the floor rises as well.
    const other = `other ${this.versions.get('a')! % MAX_TAGS}${name}`;
    const at = await this.nodes[node]!.store.invalidate([name, other]).then(
      () => this.now,
      // Not acknowledged: nobody else need know it, but the node that wrote does.
      () => Infinity,
    );
    this.acknowledged.push({ key: name, version, node, at });
  }

  private async read(node: number, names: string[], ask: () => Promise<CacheResult>): Promise<void> {
    const least = new Map(names.map((name) => [name, this.leastFor(node, name)]));
    const result = await ask().catch((error: unknown) => {
      if (!(error instanceof SourceFailed)) throw error;
    });
    this.reads += 1;
    // No answer, or one that says that it is old.
    if (!result || result.outcome === 'grace' || !result.stored) return;
    const { entry, outcome, tier } = result;
    for (const part of (entry.body as string).split(' ')) {
      const [name, version] = part.split('=') as [string, string];
      if (Number(version) >= least.get(name)!) continue;
      throw new StaleRead(`node ${node} read ${part}, ${name}=${least.get(name)} was due (${outcome}, ${tier})`);
    }
  }

  /** The version that was acknowledged before this read began; in bounded mode elsewhere more than maxLag before. */
  private leastFor(node: number, name: string): number {
    const since = this.setting.consistency === 'strict' ? this.now : this.now - MAX_LAG;
    const due = this.acknowledged.filter((w) => w.key === name && (w.node === node || w.at <= since));
    return Math.max(0, ...due.map((w) => w.version));
  }

  private pause(label: string): Promise<void> {
    return this.scheduler.schedule(Promise.resolve(), label);
  }
}

function nameOf(item: string): string {
  return item.slice('item:'.length);
}
