import { type Waiter, Waiters } from '../../async/waiters';
import type { CacheResult } from '../entry';
import { type Outcomes, resultOf } from './coalesced-loads';

/** One run for all keys that are added in one go; a key that comes when it has begun gets a run of its own. */
export class KeyBatch {
  private readonly keys: string[] = [];
  private readonly waiting: Waiter[] = [];
  private running?: Promise<Outcomes>;
  private hasBegun = false;

  /** @param run must not reject, and has an outcome for each key */
  constructor(private readonly run: (keys: readonly string[], waiters: Waiters) => Promise<Outcomes>) {}

  /** @param waiter the load of `key` @throws what that load threw */
  async add(key: string, waiter: Waiter): Promise<CacheResult> {
    if (this.hasBegun) return new KeyBatch(this.run).add(key, waiter);
    this.keys.push(key);
    this.waiting.push(waiter);
    this.running ??= Promise.resolve().then(() => {
      this.hasBegun = true;
      const waiters = new Waiters(...this.waiting);
      return this.run(this.keys, waiters).finally(() => waiters.end());
    });
    return resultOf((await this.running).get(key)!);
  }
}
