import { CacheError } from './caching.errors';
import type { Backoff } from './core/async/backoff';
import { parseRedisUrl, type RedisTarget } from './core/redis/redis-target';
import { checksum, type Seal, signature } from './core/store/tiers/seal';
import { CACHE_LAYERS, type CacheLayer } from './core/store/key';
import { type Tracing, untraced } from './tracing';
import { readDuration, readSize } from './units';
import type { ViewSettings } from './read/view/view-settings';

/** Milliseconds, or text such as `5m`, `100ms`. */
export type Duration = number | string;
/** Bytes, or text such as `64mb`. */
export type Size = number | string;

export interface CachingOptions {
  /** How long a value is fresh, varied by ±10 %. Duration. @default 5m */
  ttl?: Duration;
  /** TTL of an absent value (`null`, 404). Never longer than the `ttl`. Duration. @default 30s */
  negativeTtl?: Duration;
  /** How long past its TTL an unstamped value is served while one refresh runs. Duration. @default 10s */
  staleWhileRevalidate?: Duration;
  /** How long past its TTL a value is stored, to be served if loading fails. 0: never. Duration. @default 1h */
  grace?: Duration;
  /** Deadline of a load; a slower load counts as failed. Duration. @default 30s */
  loadTimeout?: Duration;
  /** How long a caller that refreshes a fresh value waits for the load; then it is served that value. Duration. @default 1s */
  softTimeout?: Duration;
  /** Upper bound of L1 on the heap. Size. @default 64mb */
  l1MaxBytes?: Size;
  /** How long an L1 entry is served without a reply from the clock. Duration. @default 1s */
  maxLag?: Duration;
  /** `bounded`: an L1 hit may be up to maxLag behind. `strict`: every hit queries the clock. @default bounded */
  consistency?: 'bounded' | 'strict';
  /** Prefix of every Redis key; letters, digits, dot, dash, underscore. @default strata */
  prefix?: string;
  /** Names this program in its keys; unique among programs that share a prefix. Up to 64 letters, digits, dots, dashes, underscores. @default package and entry file */
  application?: string;
  /** Deadline of one Redis call. Duration. @default 100ms */
  l2Timeout?: Duration;
  /** URL of Redis. Unset: L1 only, for one process. @default none */
  redis?: { readonly url: string };
  /** Signs entries in Redis, so that other programs cannot forge them. Must be equal on all nodes. @default a checksum instead */
  secret?: string;
  /** How many tags the clock remembers. Entries older than the forgotten ones are stale. @default 100000 */
  maxTags?: number;
  /** How long a node waits for another node's load of the same key. Duration. @default 1s */
  fillWait?: Duration;
  /** How long a failed source is not queried again while grace serves: first delay, longest delay. Durations. @default 500ms, 10s */
  backOff?: { initialDelay: Duration; maxDelay: Duration };
  /** Which read layers are on. @default ['view', 'query'] */
  layers?: readonly CacheLayer[];
  /** How the view layer identifies users and validates requests. @default {} */
  view?: ViewSettings;
  /** Records spans of loads, L2 reads, drains and purges: `openTelemetryTracing()`. @default none */
  tracing?: Tracing;
}

/** The options with every default filled in, in milliseconds and bytes. */
export interface ResolvedOptions {
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly staleWhileRevalidate: number;
  readonly grace: number;
  readonly loadTimeout: number;
  readonly softTimeout: number;
  readonly l1MaxBytes: number;
  readonly maxLag: number;
  readonly consistency: 'bounded' | 'strict';
  readonly prefix: string;
  /** Empty: keys do not name the program. */
  readonly application: string;
  readonly l2Timeout: number;
  readonly redis?: RedisTarget;
  readonly seal: Seal;
  /** `seal` is an HMAC. */
  readonly isSigned: boolean;
  readonly maxTags: number;
  readonly fillWait: number;
  readonly backOff: Backoff;
  readonly layers: readonly CacheLayer[];
  readonly view: ViewSettings;
  readonly tracing: Tracing;
}

/** @throws CacheError `CACHE_OPTIONS` */
export function resolveOptions(options: CachingOptions): ResolvedOptions {
  const { prefix = 'strata', application = '', consistency = 'bounded', maxTags = 100_000, redis, backOff } = options;
  // No colon: clear() of prefix "a" would also clear the keys of prefix "a:b".
  if (!/^[\w.-]+$/.test(prefix)) throw invalid('prefix', prefix);
  if (!/^[\w.-]{0,64}$/.test(application)) throw invalid('application', application);
  if (!Number.isInteger(maxTags) || maxTags < 1) throw invalid('maxTags', maxTags);
  if (!['bounded', 'strict'].includes(consistency)) throw invalid('consistency', consistency);
  const { layers = CACHE_LAYERS } = options;
  if (!layers.every((layer) => CACHE_LAYERS.includes(layer))) throw invalid('layers', layers);
  const initialDelay = parseDuration('backOff.initialDelay', backOff?.initialDelay ?? '500ms');
  const maxDelay = parseDuration('backOff.maxDelay', backOff?.maxDelay ?? '10s');
  if (initialDelay > maxDelay) throw invalid('backOff', backOff);
  return {
    ttl: parseDuration('ttl', options.ttl ?? '5m'),
    negativeTtl: parseDuration('negativeTtl', options.negativeTtl ?? '30s'),
    staleWhileRevalidate: parseDuration('staleWhileRevalidate', options.staleWhileRevalidate ?? '10s', 0),
    grace: parseDuration('grace', options.grace ?? '1h', 0),
    loadTimeout: parseDuration('loadTimeout', options.loadTimeout ?? '30s'),
    softTimeout: parseDuration('softTimeout', options.softTimeout ?? '1s'),
    l1MaxBytes: size('l1MaxBytes', options.l1MaxBytes ?? '64mb'),
    maxLag: parseDuration('maxLag', options.maxLag ?? '1s'),
    consistency,
    prefix,
    application,
    l2Timeout: parseDuration('l2Timeout', options.l2Timeout ?? '100ms'),
    redis: redis && redisTarget(redis.url),
    seal: options.secret === undefined ? checksum : signature(options.secret, application),
    isSigned: options.secret !== undefined,
    maxTags,
    fillWait: Math.ceil(parseDuration('fillWait', options.fillWait ?? '1s', 0)),
    backOff: { initialDelay, maxDelay },
    layers,
    view: options.view ?? {},
    tracing: options.tracing ?? untraced,
  };
}

/** @throws CacheError `CACHE_OPTIONS` naming the option */
export function parseDuration(name: string, value: Duration, min = 1): number {
  const parsed = readDuration(value);
  if (parsed !== undefined && parsed >= min) return parsed;
  throw invalid(name, value, ` (a duration of at most 24 days, such as 5m, or milliseconds from ${min})`);
}

function size(name: string, value: Size): number {
  const parsed = readSize(value);
  if (parsed === undefined || parsed < 1) throw invalid(name, value);
  return parsed;
}

/** @throws CacheError `CACHE_OPTIONS`, without the URL: it may hold a password */
function redisTarget(url: string): RedisTarget {
  try {
    return parseRedisUrl(url);
  } catch (cause) {
    throw new CacheError('CACHE_OPTIONS', `cache option "redis.url" must be ${(cause as Error).message}`, { cause });
  }
}

function invalid(name: string, value: unknown, hint = ''): CacheError {
  // JSON has no number that is none or infinite.
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return new CacheError('CACHE_OPTIONS', `cache option "${name}" is invalid: ${shown}${hint}`);
}
