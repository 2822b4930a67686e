import type { Tier } from './core/store/entry';

/** Why an entry left L1. `tag`: it was stamped. `replaced` is not an eviction and is not told. */
export type EvictionReason = 'capacity' | 'ttl' | 'tag' | 'deleted';

/** What the cache tells about itself: event name → arguments. Durations are milliseconds. */
export interface CacheEvents {
  /** A fresh entry was served. */
  hit: [key: string, tier: Tier];
  /** Past its TTL, not stamped: served while one refresh runs behind it. */
  stale: [key: string];
  /** The load failed; an old entry was served instead, and marked. */
  grace: [key: string, error: unknown];
  /** A request was answered in front of the framework, with a hit. `route` is its pattern. */
  answered: [route: string, tier: Tier, status: number, ms: number];
  /** Nothing could be served: the source was asked. */
  miss: [key: string];
  /** A caller shared a load that another caller began. */
  collapsed: [key: string];
  /** A load ended. `ok` is false when it threw or hit its deadline. */
  load: [key: string, ms: number, ok: boolean];
  /** L2 answered, or failed to; a read includes the question to the clock. */
  l2: [operation: 'read' | 'write' | 'delete', ms: number];
  /** A tier could not be read or written; the request went on without it. */
  storeFailed: [operation: 'read' | 'write' | 'delete' | 'lock', error: unknown];
  /** An entry left L1. */
  evicted: [key: string, reason: EvictionReason];
  /** Tags were stamped and the clock acknowledged it. */
  stamped: [tags: readonly string[], ms: number];
  /** Outbox records became stamps. */
  drained: [records: number, tags: readonly string[], ms: number];
  /** The outbox could not be drained; its records stay, and the next drain takes them. */
  drainFailed: [error: unknown];
  /** A writer was answered before its write was known to be evicted. */
  evictionLate: [ms: number, error: unknown];
  /** How long the oldest outbox record has been waiting, and how many do; 0: none is. Told at every look. */
  outbox: [oldestMs: number, waiting: number];
  /** The function of @EvictsTags threw; the whole table was evicted instead. */
  tagRuleFailed: [table: string, error: unknown];
  /** An edge has dropped what carries tags that were queued for it `lag` ms before. */
  purged: [tags: readonly string[], ms: number, lag: number];
  /** An edge could not be told; the tags stay in the queue, and are tried again. */
  purgeFailed: [error: unknown];
  /** Tags that wait to be purged, and for how long the oldest has; 0: none does. Told at every look. */
  purgeQueue: [waiting: number, oldestMs: number];
  /** The clock did not acknowledge a stamp; the caller was told. */
  stampFailed: [tags: readonly string[], error: unknown];
  /** `live`: caught up and trusted. `unavailable`: no word for longer than maxLag. */
  clock: [state: 'live' | 'unavailable', epoch: string];
  /** This node's right to serve what is cached: `unproved` until a complete proof is there again, for the cause named. */
  trust: [state: 'proved' | 'unproved', cause?: unknown];
  /** A new epoch began: every older entry is dead. */
  epoch: [epoch: string];
  /** The Redis connection: `up`, `down`, `broken` when the circuit breaker gave it up; `refused`: a command lacks a right. */
  redis: [state: 'up' | 'down' | 'broken' | 'refused', cause?: unknown];
  /** Another program's entry under our key, or message on our channel, or a damaged one: ignored; an entry is deleted. */
  foreign: [what: 'entry' | 'message', name: string];
}

export type CacheEventName = keyof CacheEvents;
type Listener<E extends CacheEventName> = (...args: CacheEvents[E]) => unknown;

/**
 * Typed events. The core does not know who listens; with nobody listening an `emit` is one property read.
 * A listener that throws, or rejects, is reported once as a process warning and never reaches the request.
 */
export class CacheEventBus {
  private readonly listeners: { [E in CacheEventName]?: Set<Listener<E>> } = {};

  /** Listens; returns the function that stops listening. */
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
