import type { EventEmitter } from 'node:events';
import { type Cache, createCache } from 'cache-manager';
import { Keyv, type KeyvStoreAdapter, type StoredData } from 'keyv';
import type { CacheEntry, CacheResult, Loaded } from './core/store/entry';
import type { CachePolicy } from './core/store/policy';
import type { TieredStore } from './core/store/tiered-store';

/** Keys of CACHE_MANAGER live apart from those of the view and query layers. */
const NAMESPACE = 'app:';
/** cache-manager's "no TTL" means for ever. A year is close. Milliseconds. */
const FOREVER = 365 * 24 * 3_600_000;

/** A setting of `wrap`: milliseconds, or a function of the value. */
type Setting = number | ((value: unknown) => number);
type Settings = { readonly ttl?: Setting; readonly refreshThreshold?: Setting; readonly raw?: boolean };

/**
 * `CACHE_MANAGER` on the tiers of this cache. Values are JSON and Buffers. A TTL holds to the millisecond: no jitter,
 * nothing stale, no grace. `set` and `del` reach every node, and `clear()` begins a new epoch.
 *
 * `wrap` in every spelling is one `getOrLoad`. So callers share one run of the function, what it reads through the cache
 * invalidates its result, and a slow function cannot restore what was deleted meanwhile: cache-manager's own `wrap` sets
 * whatever the function returned. `refreshThreshold` is an eager refresh.
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
  const wrap = new Wrap(store, ttl, emitterOf(cache));
  const wrapped = (key: string, work: () => unknown, settings?: Setting | Settings, threshold?: Setting) =>
    wrap.call(key, work, typeof settings === 'object' ? settings : { ttl: settings, refreshThreshold: threshold });
  return { ...cache, wrap: wrapped as Cache['wrap'] };
}

/** cache-manager has no other access to the emitter of its events. */
function emitterOf(cache: Cache): EventEmitter {
  const ignore = (): void => undefined;
  const emitter = cache.on('refresh', ignore);
  return emitter.removeListener('refresh', ignore);
}

class Wrap {
  constructor(
    private readonly store: TieredStore,
    private readonly ttl: number,
    private readonly events: EventEmitter,
  ) {}

  async call(key: string, work: () => unknown, { ttl, refreshThreshold, raw }: Settings): Promise<unknown> {
    const find = (refreshBefore: number): Promise<CacheResult> => {
      const finding: Promise<CacheResult> = this.store.getOrLoad(NAMESPACE + key, { ...EXACTLY, refreshBefore }, () => {
        const loading = this.load(work, ttl);
        this.report(key, loading, () => finding);
        return loading;
      });
      return finding;
    };
    const { entry, outcome } = await find(typeof refreshThreshold === 'number' ? refreshThreshold : 0);
    const data = await decode<unknown>(entry);
    // A threshold that depends on the value is known only now; a second read starts the refresh.
    if (outcome === 'hit' && typeof refreshThreshold === 'function') await find(refreshThreshold(data.value));
    return raw ? data : data.value;
  }

  private async load(work: () => unknown, ttl: Setting = this.ttl): Promise<Loaded & { value: unknown }> {
    const value = await work();
    const life = typeof ttl === 'function' ? ttl(value) : ttl;
    return { value, body: await encode(value), store: value !== undefined, ttl: life || FOREVER };
  }

  /** The events of cache-manager: `set` for what was loaded, `refresh` for what was loaded behind a hit. */
  private report(key: string, loading: Promise<{ value: unknown }>, finding: () => Promise<CacheResult>): void {
    const isRefresh = async (): Promise<boolean> => (await finding()).outcome === 'hit';
    loading
      .then(
        async ({ value }) => this.events.emit((await isRefresh()) ? 'refresh' : 'set', { key, value }),
        async (error: unknown) => (await isRefresh()) && this.events.emit('refresh', { key, error }),
      )
      // The caller is given the error, or a listener threw.
      .catch(() => undefined);
  }
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

  /** Keyv expects an emitter. The store reports through CacheEventBus. */
  on(): this {
    return this;
  }
}

const EXACTLY = { jitter: false, staleWhileRevalidate: 0, grace: 0 } as const;

function exactly(ttl: number | undefined): CachePolicy {
  return { ...EXACTLY, ttl: ttl || FOREVER };
}

/** Keyv's own JSON, which brings Buffers back as Buffers. */
const json = new Keyv();

async function encode(value: unknown): Promise<string> {
  return json.serialize!({ value });
}

/** Keyv's envelope: the value, and the expiry that `ttl()` returns. */
async function decode<T>({ body, createdAt, expiresAt }: CacheEntry): Promise<{ value?: T; expires?: number }> {
  const { value } = (await json.deserialize!<T>(body as string)) ?? {};
  return { value, expires: expiresAt - createdAt < FOREVER ? expiresAt : undefined };
}
