import type { EventEmitter } from 'node:events';
import { type Cache, createCache } from 'cache-manager';
import { Keyv, type KeyvStoreAdapter, type StoredData } from 'keyv';
import type { CacheStack } from './core/cache-stack';
import type { CacheEntry, CacheResult, Loaded } from './core/store/entry';
import { type CachePolicy, lasting, LONGEST_LIFE } from './core/store/policy';
import type { TieredStore } from './core/store/tiered-store';

/** Separates keys of CACHE_MANAGER from those of the view and query layers. */
const NAMESPACE = 'app:';
/** Begins the body of a value that a Keyv with a serializer of its own has made text of. JSON never begins so. */
const SERIALISED = '~';
/** Milliseconds used for cache-manager's "no TTL", which means for ever. */
const FOREVER = LONGEST_LIFE;

/** A setting of `wrap`: milliseconds, or a function of the value. */
type Setting = number | ((value: unknown) => number);
type Settings = { readonly ttl?: Setting; readonly refreshThreshold?: Setting; readonly raw?: boolean };

/**
 * `CACHE_MANAGER` on the tiers of this cache. Values are JSON and Buffers. A TTL is exact to the millisecond: without
 * jitter, stale-while-revalidate or grace. `set` and `del` reach every node; `clear()` begins a new epoch.
 *
 * Every overload of `wrap` is one `getOrLoad`: concurrent callers share one run of the function, and its result depends on
 * what it read through the cache. A slow function cannot restore a key that was deleted meanwhile, as it can with
 * cache-manager's own `wrap`. `refreshThreshold` is an eager refresh.
 */
export function createTieredCache({ store, readable }: Pick<CacheStack, 'store' | 'readable'>, ttl: number): Cache {
  readable.require(NAMESPACE, isEnvelope);
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

/** The emitter of cache-manager's events, which has no public accessor. */
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
    // A threshold computed from the value is known only now, so a second read starts the refresh.
    if (outcome === 'hit' && typeof refreshThreshold === 'function') await find(refreshThreshold(data.value));
    return raw ? data : data.value;
  }

  private async load(work: () => unknown, ttl?: Setting): Promise<Loaded & { value: unknown }> {
    const value = await work();
    const life = lifeOf((typeof ttl === 'function' ? ttl(value) : ttl) ?? this.ttl);
    return { value, body: await encode(value), store: value !== undefined && life > 0, ttl: life };
  }

  /** Emits cache-manager's events: `set` after a load, `refresh` after a background load. */
  private report(key: string, loading: Promise<{ value: unknown }>, finding: () => Promise<CacheResult>): void {
    const isRefresh = async (): Promise<boolean> => (await finding()).outcome === 'hit';
    loading
      .then(
        async ({ value }) => this.events.emit((await isRefresh()) ? 'refresh' : 'set', { key, value }),
        async (error: unknown) => {
          const { entry, outcome } = await finding();
          const { value } = await decode(entry);
          if (outcome === 'hit') this.events.emit('refresh', { key, value, error });
        },
      )
      // The caller receives the load's error; an error of a listener is dropped.
      .catch(() => undefined);
  }
}

class TieredKeyvStore implements KeyvStoreAdapter {
  opts = {};
  namespace = undefined;

  constructor(private readonly store: TieredStore) {}

  async get<T>(key: string): Promise<StoredData<T> | undefined> {
    const entry = (await this.store.get(NAMESPACE + key))?.entry;
    const text = entry?.body?.toString();
    // Keyv deserialises text. Its types expect the envelope.
    if (text?.startsWith(SERIALISED)) return text.slice(SERIALISED.length) as StoredData<T>;
    return entry && decode<T>(entry);
  }

  async set(key: string, data: unknown, ttl?: number): Promise<void> {
    // `data` is Keyv's envelope. Its expiry is dropped: the entry has its own. A Keyv with a serializer has made text of it.
    const body = typeof data === 'string' ? SERIALISED + data : await encode((data as { value: unknown }).value);
    await this.store.set(NAMESPACE + key, body, exactly(ttl));
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

  /** @returns whether there was a value */
  async delete(key: string): Promise<boolean> {
    const existed = await this.has(key);
    await this.store.delete(NAMESPACE + key);
    return existed;
  }

  /** @returns whether there was a value for one of them */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await Promise.all(keys.map((key) => this.delete(key)))).includes(true);
  }

  clear(): Promise<void> {
    return this.store.clear();
  }

  /** Does nothing: Keyv expects an emitter, but the store reports through CacheEventBus. */
  on(): this {
    return this;
  }
}

const EXACTLY = { jitter: false, staleWhileRevalidate: 0, grace: 0 } as const;

function exactly(ttl: number | undefined): CachePolicy {
  return { ...EXACTLY, ttl: lifeOf(ttl) };
}

/** What has expired already, as `until - Date.now()` may say, is not stored. @throws CacheError `CACHE_OPTIONS` for NaN */
function lifeOf(ttl: number | null | undefined): number {
  const isForever = ttl === undefined || ttl === null || ttl === 0;
  return lasting('ttl', isForever ? FOREVER : Math.max(0, ttl));
}

/** Keyv's JSON, which restores Buffers. */
const json = new Keyv();

async function encode(value: unknown): Promise<string> {
  return json.serialize!({ value });
}

function isEnvelope({ body }: CacheEntry): boolean {
  const envelope: unknown = JSON.parse(String(body));
  return typeof envelope === 'object' && envelope !== null;
}

/** Returns Keyv's envelope: the value, and the expiry that `ttl()` reports. */
async function decode<T>({ body, createdAt, expiresAt }: CacheEntry): Promise<{ value?: T; expires?: number }> {
  const text = String(body);
  const { value } =
    (await json.deserialize!<T>(text.startsWith(SERIALISED) ? text.slice(SERIALISED.length) : text)) ?? {};
  return { value, expires: expiresAt - createdAt < FOREVER ? expiresAt : undefined };
}
