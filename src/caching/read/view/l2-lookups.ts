import type { IncomingMessage } from 'node:http';
import type { L2Lookup } from '../../core/store/tiers/l2';
import type { TieredStore } from '../../core/store/tiered-store';

interface PastLookup {
  readonly key: string;
  readonly lookup: L2Lookup;
}

/** Looks up L2 for the fast path, once for all concurrent requests, and remembers the result for a request that goes on to the pipeline. */
export class L2Lookups {
  private readonly running = new Map<string, Promise<L2Lookup>>();
  private readonly past = new WeakMap<IncomingMessage, PastLookup>();

  constructor(private readonly store: TieredStore) {}

  /** Undefined where a lookup would be pointless. */
  begin(request: IncomingMessage, key: string): Promise<L2Lookup> | undefined {
    return (this.running.get(key) ?? this.start(key))?.then((lookup) => {
      this.past.set(request, { key, lookup });
      return lookup;
    });
  }

  /** The lookup of `key` that this request waited for. */
  of(request: IncomingMessage, key: string): L2Lookup | undefined {
    const past = this.past.get(request);
    return past?.key === key ? past.lookup : undefined;
  }

  private start(key: string): Promise<L2Lookup> | undefined {
    const lookup = this.store.look(key)?.finally(() => this.running.delete(key));
    if (lookup) this.running.set(key, lookup);
    return lookup;
  }
}
