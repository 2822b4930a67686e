import { CacheEventBus } from '../../src/caching';
import type { ClockTransport } from '../../src/caching/core/clock/redis-clock-transport';
import { RedisTagClock } from '../../src/caching/core/clock/redis-tag-clock';
import { systemTime } from '../../src/caching/core/async/time';

type Command = 'stamp' | 'since' | 'renew';
interface Call {
  readonly command: Command;
  readonly tags: readonly string[];
  readonly answer: (epoch: string, tick: number) => void;
  readonly lose: () => void;
}

/** A RedisTagClock whose every question waits until the test answers it, or loses it. */
export class HandDrivenClock {
  readonly clock: RedisTagClock;
  private readonly calls: Call[] = [];
  private hearPublished: Parameters<ClockTransport['onStamp']>[0] = () => undefined;

  constructor(maxTags = 10) {
    const transport: ClockTransport = {
      channel: 'stamps',
      stamp: (tags) => this.called('stamp', tags),
      since: () => this.called('since', []),
      renew: () => this.called('renew', []),
      onStamp: (listener) => (this.hearPublished = listener),
      onConnect: () => undefined,
    };
    const options = { maxLag: 1_000, timeout: 1_000, maxTags };
    this.clock = new RedisTagClock(transport, options, systemTime, new CacheEventBus());
  }

  get trusted(): boolean {
    return performance.now() - this.clock.lastSyncAt < 1_000;
  }

  /** The oldest call of this command that is waiting. */
  async next(command: Command): Promise<Call> {
    await new Promise(setImmediate);
    const index = this.calls.findIndex((call) => call.command === command);
    if (index < 0) throw new Error(`the clock did not ask "${command}"`);
    return this.calls.splice(index, 1)[0]!;
  }

  publish(epoch: string, tick: number, tags: string[]): void {
    this.hearPublished({ epoch, tick, floor: 0, tags });
  }

  /** Trusted, at this tick. */
  async begin(epoch: string, tick: number): Promise<this> {
    const beat = this.clock.beat();
    (await this.next('since')).answer(epoch, tick);
    await beat;
    return this;
  }

  /** Whether the stamp was acknowledged. */
  stamp(tags: string[]): Promise<boolean> {
    return this.clock.stamp(tags).then(
      () => true,
      () => false,
    );
  }

  private called<T>(command: Command, tags: readonly string[]): Promise<T> {
    return new Promise((resolve, reject) => {
      this.calls.push({
        command,
        tags,
        answer: (epoch, tick) => resolve({ epoch, tick, floor: 0, stamps: [], completeTo: tick } as T),
        lose: () => reject(new Error('lost')),
      });
    });
  }
}
