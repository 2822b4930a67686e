import type { Tier } from './core/store/entry';

/** Why an entry left L1. `tag`: one of its tags was stamped. A replaced entry emits no event. */
export type EvictionReason = 'capacity' | 'ttl' | 'tag' | 'deleted';

/** Events of the cache, with their arguments. Durations are milliseconds. A test compares them with README.md. */
export interface CacheEvents {
  /** A fresh entry was served. */
  hit: [key: string, tier: Tier];
  /** An entry past its TTL, but not stamped, was served while one refresh runs in the background. */
  stale: [key: string];
  /** A load failed; an old entry was served instead, and marked. */
  grace: [key: string, error: unknown];
  /** The fast path served a hit before the framework ran. `route` is the route's pattern. */
  response: [route: string, tier: Tier, status: number, ms: number];
  /** No entry could be served, so the source was queried. */
  miss: [key: string];
  /** A caller shared a load that another caller had started. */
  collapsed: [key: string];
  /** A load ended. `ok` is false when it threw or exceeded its deadline. */
  load: [key: string, ms: number, ok: boolean];
  /** A call to L2 ended, whether it succeeded or failed. A read includes the query to the clock. */
  l2: [operation: 'read' | 'write' | 'delete', ms: number];
  /** A tier could not be read or written; the request continued without it. */
  storeFailed: [operation: 'read' | 'write' | 'delete' | 'lock', error: unknown];
  /** An entry left L1. */
  evicted: [key: string, reason: EvictionReason];
  /** Tags were stamped, and the clock acknowledged the stamp. */
  stamped: [tags: readonly string[], ms: number];
  /** Outbox records became stamps. */
  drained: [records: number, tags: readonly string[], ms: number];
  /** The outbox could not be drained; its records stay for the next drain. */
  drainFailed: [error: unknown];
  /** A write was acknowledged before its tags were known to be stamped. */
  evictionLate: [ms: number, error: unknown];
  /** Age of the oldest outbox record and number of records; 0: the outbox is empty. Emitted at every poll. */
  outbox: [oldestMs: number, waiting: number];
  /** The function of @EvictsTags threw; the tag of the whole table was stamped instead. */
  tagRuleFailed: [table: string, error: unknown];
  /** An edge was purged of tags that had been queued `lag` ms before. */
  purged: [tags: readonly string[], ms: number, lag: number];
  /** An edge could not be purged; the tags stay in the queue and are retried. */
  purgeFailed: [error: unknown];
  /** Number of tags that wait for a purge, and age of the oldest; 0: the queue is empty. Emitted at every poll. */
  purgeQueue: [waiting: number, oldestMs: number];
  /** The clock did not acknowledge a stamp; the caller received the error. */
  stampFailed: [tags: readonly string[], error: unknown];
  /** `live`: the mirror is complete and trusted. `unavailable`: no reply from the clock for longer than maxLag. */
  clock: [state: 'live' | 'unavailable', epoch: string];
  /** Whether this node may serve from the cache. `unproved`: not until it has a complete proof again; `cause` says why. */
  trust: [state: 'proved' | 'unproved', cause?: unknown];
  /** A new epoch began; every older entry is stale. */
  epoch: [epoch: string];
  /** State of the Redis connection. `broken`: the circuit breaker is open. `refused`: the user lacks a right for a command. */
  redis: [state: 'up' | 'down' | 'broken' | 'refused', cause?: unknown];
  /** An entry or message was damaged or not written by this cache. It was ignored; an entry is also deleted. */
  foreign: [what: 'entry' | 'message', name: string];
}

export type CacheEventName = keyof CacheEvents;
type Listener<E extends CacheEventName> = (...args: CacheEvents[E]) => unknown;

/**
 * Typed events. Without a listener, `emit` costs one property read.
 * A listener that throws or rejects is reported as a process warning; the request continues.
 */
export class CacheEventBus {
  private readonly listeners: { [E in CacheEventName]?: Set<Listener<E>> } = {};

  /** Adds a listener. Returns the function that removes it. */
  on<E extends CacheEventName>(event: E, listener: Listener<E>): () => void {
    const set: Set<Listener<E>> = this.listeners[event] ?? new Set();
    this.listeners[event] = set as never;
    set.add(listener);
    return () => set.delete(listener);
  }

  emit<E extends CacheEventName>(event: E, ...args: CacheEvents[E]): void {
    const set: Set<Listener<E>> | undefined = this.listeners[event];
    if (set === undefined) return;
    for (const listener of set) {
      try {
        const result = listener(...args);
        if (result instanceof Promise) result.catch((error: unknown) => warn(event, error));
      } catch (error) {
        warn(event, error);
      }
    }
  }
}

function warn(event: CacheEventName, error: unknown): void {
  process.emitWarning(`a listener of cache event "${event}" threw: ${String(error)}`);
}
