import type { IncomingMessage } from 'node:http';
import type { L2Lookup } from '../../core/store/tiers/l2';
import type { TieredStore } from '../../core/store/tiered-store';

interface Look {
  readonly key: string;
  readonly seen: L2Lookup;
}

/** Asks L2 for the fast path, once for all who ask at the same time, and remembers what it said for a request that goes on from there. */
export class L2Lookups {
  private readonly running = new Map<string, Promise<L2Lookup>>();
  private readonly past = new WeakMap<IncomingMessage, Look>();

  constructor(private readonly store: TieredStore) {}

  /** Undefined where there is no use in asking. */
  begin(request: IncomingMessage, key: string): Promise<L2Lookup> | undefined {
    return (this.running.get(key) ?? this.ask(key))?.then((seen) => {
      this.past.set(request, { key, seen });
      return seen;
    });
  }

  /** What was said about `key` while this request waited. */
  of(request: IncomingMessage, key: string): L2Lookup | undefined {
    const look = this.past.get(request);
    return look?.key === key ? look.seen : undefined;
  }

  private ask(key: string): Promise<L2Lookup> | undefined {
    const look = this.store.look(key)?.finally(() => this.running.delete(key));
    if (look) this.running.set(key, look);
    return look;
  }
}
