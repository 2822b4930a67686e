import { type Cache, createCache } from 'cache-manager';
import { Keyv, type KeyvStoreAdapter, type StoredData } from 'keyv';
import type { CacheEntry } from './core/store/entry';
import type { CachePolicy } from './core/store/policy';
import type { TieredStore } from './core/store/tiered-store';

/** Keys of CACHE_MANAGER live apart from those of the view and query layers. */
const NAMESPACE = 'app:';
/** cache-manager's "no TTL": it means forever; a year is close. Milliseconds. */
const FOREVER = 365 * 24 * 3_600_000;

/**
 * What a Nest user expects behind CACHE_MANAGER, on the same tiers: values are JSON and Buffers, a TTL is kept to the
 * millisecond (no jitter, nothing stale past it, no grace), `set` and `del` reach every node, `clear()` is a new epoch within the prefix. `wrap` is getOrLoad, so a slow `wrap` cannot put back what was deleted
 * meanwhile (cache-manager's own sets whatever it computed).
 */
export function createTieredCache(store: TieredStore, ttl: number): Cache {
  const keyv = new Keyv({
    store: new TieredKeyvStore(store),
    useKeyPrefix: false,
    throwOnErrors: true,
    serialize: undefined,
    deserialize: undefined,
  });
  keyv.on('error', () => undefined);
  const cache = createCache({ stores: [keyv], ttl });
  const plainWrap = cache.wrap.bind(cache) as (...args: unknown[]) => Promise<unknown>;
  const wrap = async (key: string, work: () => unknown, options?: unknown, threshold?: unknown): Promise<unknown> => {
    // Threshold, raw and computed TTLs are cache-manager's own business.
    if ((options !== undefined && typeof options !== 'number') || threshold !== undefined) {
      return plainWrap(key, work, options, threshold);
    }
    const { entry } = await store.getOrLoad(NAMESPACE + key, exactly(options ?? ttl), async () => {
      const value = await work();
      return { body: await encode(value), store: value !== undefined };
    });
    return ((await decode(entry)) as { value?: unknown }).value;
  };
  return { ...cache, wrap: wrap as Cache['wrap'] };
}

class TieredKeyvStore implements KeyvStoreAdapter {
  opts = {};
  namespace = undefined;

  constructor(private readonly store: TieredStore) {}

  async get<T>(key: string): Promise<StoredData<T> | undefined> {
    const found = await this.store.get(NAMESPACE + key);
    return found && decode<T>(found.entry);
  }

  async set(key: string, data: unknown, ttl?: number): Promise<void> {
    // Keyv hands over its envelope; the entry has an expiry of its own.
    await this.store.set(NAMESPACE + key, await encode((data as { value: unknown }).value), exactly(ttl));
  }

  setMany(entries: readonly { key: string; value: unknown; ttl?: number }[]): Promise<void> {
    return Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl))).then(() => undefined);
  }

  getMany<T>(keys: string[]): Promise<(StoredData<T> | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  async has(key: string): Promise<boolean> {
    return (await this.store.get(NAMESPACE + key)) !== undefined;
  }

  async delete(key: string): Promise<boolean> {
    await this.store.delete(NAMESPACE + key);
    return true;
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    await Promise.all(keys.map((key) => this.delete(key)));
    return true;
  }

  clear(): Promise<void> {
    return this.store.clear();
  }

  /** Keyv wants an emitter; the store tells what it has to tell through CacheEventBus. */
  on(): this {
    return this;
  }
}

function exactly(ttl: number | undefined): CachePolicy {
  return { ttl: ttl || FOREVER, jitter: false, staleWhileRevalidate: 0, grace: 0 };
}

/** Keyv's own JSON, which brings Buffers back as Buffers. */
const json = new Keyv();

async function encode(value: unknown): Promise<string> {
  return json.serialize!({ value });
}

/** As Keyv's envelope: with its expiry, which is what `ttl()` answers. */
async function decode<T>({ body, createdAt, expiresAt }: CacheEntry): Promise<StoredData<T>> {
  const { value } = (await json.deserialize!<T>(body as string)) ?? {};
  return { value, expires: expiresAt - createdAt < FOREVER ? expiresAt : undefined };
}
