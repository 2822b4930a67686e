import { setMaxListeners } from 'node:events';
import { CacheError } from '../../caching.errors';
import { AsyncScope } from './async-scope';

/** A caller that waits for a result, and may leave before the result comes. */
export interface Waiter {
  readonly hasLeft: boolean;
  /** Calls `listener` once when the caller leaves. @returns removes the listener */
  onLeave(listener: () => void): () => void;
}

/** The load that the current call is a part of. One for the process: what belongs to which cache is decided by the calls. */
const scope = new AsyncScope<Waiters>();

/**
 * The callers that wait for one load. When the last one has left, the load is abandoned: its `signal` aborts, and it leaves the
 * loads that it waits for itself. A load without callers that can leave (a refresh in the background) is never abandoned.
 */
export class Waiters implements Waiter {
  private present: number;
  private isAbandoned = false;
  private listeners?: Set<() => void>;
  private readonly removals: (() => void)[] = [];
  private controller?: AbortController;

  /** @param waiters undefined: a caller that stays */
  constructor(...waiters: (Waiter | undefined)[]) {
    this.present = waiters.length;
    for (const waiter of waiters) this.await(waiter);
  }

  get hasLeft(): boolean {
    return this.isAbandoned;
  }

  /** Aborts when the load is abandoned. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      // One for each statement of the load.
      setMaxListeners(0, this.controller.signal);
      if (this.isAbandoned) this.controller.abort();
    }
    return this.controller.signal;
  }

  join(waiter: Waiter | undefined): void {
    this.present += 1;
    this.await(waiter);
  }

  onLeave(listener: () => void): () => void {
    const listeners = (this.listeners ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Runs a part of the load. @throws CacheError `CACHE_ABANDONED` instead of what failed because no caller waits any more */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.isAbandoned) throw abandoned();
    try {
      return await scope.run(this, work);
    } catch (cause) {
      throw this.isAbandoned ? abandoned(cause) : cause;
    }
  }

  /** As `run`, for work that lasts until `leave` is called. */
  begin<T>(begin: () => T): { begun: T; leave: () => void } {
    return scope.begin(this, begin);
  }

  /** The load has ended: nothing is left to abandon. */
  end(): void {
    for (const remove of this.removals.splice(0)) remove();
    this.listeners = undefined;
  }

  private await(waiter: Waiter | undefined): void {
    if (!waiter) return;
    if (waiter.hasLeft) this.leave();
    else this.removals.push(waiter.onLeave(() => this.leave()));
  }

  private leave(): void {
    this.present -= 1;
    if (this.present > 0) return;
    this.isAbandoned = true;
    this.controller?.abort();
    const { listeners = [] } = this;
    this.end();
    for (const listener of listeners) listener();
  }
}

/** The load around the current call, as a caller of the loads that it starts. */
export function currentLoad(): Waiter | undefined {
  return scope.current();
}

/**
 * Aborts when no caller waits any more for what is being loaded around this call, because their clients have hung up: cancel
 * the work then. Undefined outside a load.
 */
export function loadSignal(): AbortSignal | undefined {
  return scope.current()?.signal;
}

export function isAbandonment(error: unknown): boolean {
  return error instanceof CacheError && error.code === 'CACHE_ABANDONED';
}

function abandoned(cause?: unknown): CacheError {
  return new CacheError('CACHE_ABANDONED', 'every caller of the load has left', { cause });
}
