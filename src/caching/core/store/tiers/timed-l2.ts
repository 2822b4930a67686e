import type { CacheEventBus, CacheEvents } from '../../../caching.events';
import type { Time } from '../../async/time';
import type { CacheEntry } from '../entry';
import type { L2 } from './l2';

/** Tells how long each call of an L2 takes, those that fail included. */
export class TimedL2 implements L2 {
  constructor(
    private readonly inner: L2,
    private readonly events: CacheEventBus,
    private readonly time: Time,
  ) {}

  read(key: string): Promise<CacheEntry | undefined> {
    return this.timed('read', this.inner.read(key));
  }

  write(entry: CacheEntry): Promise<void> {
    return this.timed('write', this.inner.write(entry));
  }

  delete(key: string): Promise<void> {
    return this.timed('delete', this.inner.delete(key));
  }

  clear(): Promise<void> {
    return this.inner.clear();
  }

  scan(keyPrefix: string, cursor: string, count: number): Promise<{ keys: string[]; next?: string }> {
    return this.inner.scan(keyPrefix, cursor, count);
  }

  private async timed<T>(operation: CacheEvents['l2'][0], call: Promise<T>): Promise<T> {
    const began = this.time.mono();
    try {
      return await call;
    } finally {
      this.events.emit('l2', operation, this.time.mono() - began);
    }
  }
}
