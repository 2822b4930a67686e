import type { Scheduler } from 'fast-check';
import type { CacheEntry } from '../../src/caching';
import type { L2 } from '../../src/caching/core/store/tiers/l2';
import type {
  ClockDifference,
  ClockReading,
  ClockStamp,
  ClockTransport,
} from '../../src/caching/core/clock/redis-clock-transport';
import type { FillLock } from '../../src/caching/core/store/load/fill-lock';

/** Few enough that floors rise during a run. */
export const MAX_TAGS = 3;
type Listener = (stamp: ClockStamp) => void;

/**
 * A shared Redis whose every command, reply and message is one step of a fast-check scheduler: it may arrive in any
 * order, and messages may be lost. It does what the Lua scripts do, one command at a time, like the server.
 */
export class ScriptedRedis {
  private epoch = 1;
  private tick = 0;
  private floor = 0;
  private stamps = new Map<string, number>();
  private readonly locks = new Set<string>();
  private readonly entries = new Map<string, CacheEntry>();
  private readonly listeners: Listener[] = [];

  constructor(
    private readonly scheduler: Scheduler,
    /** Asked for every message and every leg of a command. */
    private readonly isLost: (what: 'message' | 'leg') => boolean,
  ) {}

  /** The server loses everything, as by FLUSHALL or a failover to an empty replica. */
  forget(): void {
    this.epoch += 1;
    this.tick = 0;
    this.floor = 0;
    this.stamps.clear();
    this.entries.clear();
    this.locks.clear();
  }

  transport(): ClockTransport {
    return {
      channel: 'stamps',
      stamp: (tags) => this.call('stamp', () => this.stamp(tags)),
      since: (epoch, tick) => this.call('since', () => this.since(epoch, tick)),
      renew: () => this.call('renew', () => (this.forget(), this.reading())),
      onStamp: (listener) => this.listeners.push(listener),
      onConnect: () => undefined,
    };
  }

  l2(now: () => Promise<unknown>): L2 {
    return {
      read: async (key) => {
        const [entry] = await Promise.all([this.call('get', () => this.entries.get(key)), now()]);
        return entry && { ...entry, localTick: 0, verifiedAtVersion: -1 };
      },
      readMany: async (keys) => {
        const found = this.call('mget', () => keys.map((key) => this.entries.get(key)));
        const [entries] = await Promise.all([found, now()]);
        return new Map(
          entries.flatMap((entry) => (entry ? [[entry.key, { ...entry, localTick: 0, verifiedAtVersion: -1 }]] : [])),
        );
      },
      writeMany: async (entries) => {
        for (const entry of entries) await this.call('set', () => void this.entries.set(entry.key, { ...entry }));
      },
      write: (entry) => this.call('set', () => void this.entries.set(entry.key, { ...entry })),
      delete: (key) => this.call('del', () => void this.entries.delete(key)),
      clear: () => this.call('clear', () => this.entries.clear()),
      scan: () => Promise.resolve({ keys: [] }),
    };
  }

  lock(): FillLock {
    return {
      acquire: (key) =>
        this.call('lock', () => {
          if (this.locks.has(key)) return undefined;
          this.locks.add(key);
          return () => this.call('unlock', () => void this.locks.delete(key));
        }),
    };
  }

  /** The command arrives, is carried out at once, and its reply arrives: two steps, apart. */
  private async call<T>(label: string, run: () => T): Promise<T> {
    await this.scheduler.schedule(Promise.resolve(), `${label} sent`);
    if (this.isLost('leg')) throw new Error(`${label} was lost`);
    const reply = run();
    await this.scheduler.schedule(Promise.resolve(), `${label} answered`);
    if (this.isLost('leg')) throw new Error(`the answer to ${label} was lost`);
    return reply;
  }

  private reading(): ClockReading {
    return { epoch: String(this.epoch), tick: this.tick, floor: this.floor };
  }

  private stamp(tags: readonly string[]): ClockReading {
    this.tick += 1;
    for (const tag of tags) this.stamps.set(tag, this.tick);
    const newestFirst = [...this.stamps.values()].sort((a, b) => b - a);
    this.floor = Math.max(this.floor, newestFirst[MAX_TAGS] ?? 0);
    for (const [tag, tick] of this.stamps) if (tick <= this.floor) this.stamps.delete(tag);
    const stamp = { ...this.reading(), tags };
    for (const listener of this.listeners) {
      if (this.isLost('message')) continue;
      void this.scheduler.schedule(Promise.resolve(), 'message').then(() => listener(stamp));
    }
    return this.reading();
  }

  private since(epoch: string, tick: number): ClockDifference {
    const after = epoch === String(this.epoch) ? tick : 0;
    const stamps = [...this.stamps].filter(([, stamp]) => stamp > after);
    return { ...this.reading(), stamps, completeTo: this.tick };
  }
}
