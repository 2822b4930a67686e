import type { IncomingMessage } from 'node:http';
import type { CacheResult } from '../../core/store/entry';

interface Find {
  readonly key: string;
  readonly result: CacheResult;
}

/**
 * Hits that the fast path found and could not send by itself, such as one that is yet to be compressed. The interceptor
 * sends them later in the same request, and the store is neither read nor counts a second time.
 */
export class EarlyFinds {
  private readonly finds = new WeakMap<IncomingMessage, Find>();
  private readonly misses = new WeakSet<IncomingMessage>();

  keep(request: IncomingMessage, key: string, result: CacheResult): void {
    this.finds.set(request, { key, result });
  }

  /** What the fast path found for this request under `key`. */
  of(request: IncomingMessage, key: string): CacheResult | undefined {
    const find = this.finds.get(request);
    return find?.key === key ? find.result : undefined;
  }

  /** The clock was queried for this request, and L1 has nothing fresh. */
  noteMiss(request: IncomingMessage): void {
    this.misses.add(request);
  }

  isMiss(request: IncomingMessage): boolean {
    return this.misses.has(request);
  }
}
