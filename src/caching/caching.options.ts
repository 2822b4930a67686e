import { ConfigurableModuleBuilder } from '@nestjs/common';
import bytes from 'bytes';
import ms from 'ms';
import { CacheError } from './caching.errors';
import type { Backoff } from './core/async/backoff';
import { parseRedisUrl, type RedisTarget } from './core/redis/redis-target';
import { checksum, type Seal, signature } from './core/store/tiers/seal';
import { type Tracing, untraced } from './tracing';
import type { ViewSettings } from './read/view/view-settings';

/** Milliseconds, or text such as `5m`, `100ms`. */
export type Duration = number | string;
/** Bytes, or text such as `64mb`. */
export type Size = number | string;

export interface CachingOptions {
  /** How long a value is fresh, ±10 %. Duration. @default 5m */
  ttl?: Duration;
  /** How long "known to be absent" is. Duration. @default 30s */
  negativeTtl?: Duration;
  /** How long past its TTL, if nothing was stamped, a value is served while it is refreshed. Duration. @default 10s */
  staleWhileRevalidate?: Duration;
  /** How long past its TTL a value is kept in case loading fails. Duration. @default 1h */
  grace?: Duration;
  /** A load that takes longer has failed. Duration. @default 30s */
  loadTimeout?: Duration;
  /** What L1 may take of the heap. Size. @default 64mb */
  l1MaxBytes?: Size;
  /** The longest an L1 entry is served without news from the clock. Duration. @default 1s */
  maxLag?: Duration;
  /** `bounded`: an L1 hit may be maxLag behind. `strict`: every hit asks the clock. @default bounded */
  consistency?: 'bounded' | 'strict';
  /** Owns every Redis key; letters, digits, dot, dash, underscore. @default strata */
  prefix?: string;
  /** Names this program in the keys of its entries; letters, digits, dot, dash, underscore. @default package and entry file */
  application?: string;
  /** Deadline of one Redis call. Duration. @default 100ms */
  l2Timeout?: Duration;
  /** Where Redis is; unset: L1 only, one process. @default none */
  redis?: { readonly url: string };
  /** Signs entries in Redis, so that other programs cannot forge them; the same on all nodes. @default a checksum instead */
  secret?: string;
  /** How many tags the clock remembers; entries older than what it forgot are dead. @default 100000 */
  maxTags?: number;
  /** How long a node waits for another node's load of the same key. Duration. @default 1s */
  fillWait?: Duration;
  /** How long a failed source is left alone at first, and at most, while grace serves. Durations. @default 500ms, 10s */
  backOff?: { initialDelay: Duration; maxDelay: Duration };
  /** Which read layers are on: each can be measured alone. @default ['view', 'query'] */
  layers?: readonly CacheLayer[];
  /** What the view layer has to be told about the application. @default {} */
  view?: ViewSettings;
  /** Spans of loads, L2 reads, drains and purges: `openTelemetryTracing()`. @default none */
  tracing?: Tracing;
}

export type CacheLayer = 'view' | 'query';

/** The same with everything filled in: milliseconds and bytes. */
export interface ResolvedOptions {
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly staleWhileRevalidate: number;
  readonly grace: number;
  readonly loadTimeout: number;
  readonly l1MaxBytes: number;
  readonly maxLag: number;
  readonly consistency: 'bounded' | 'strict';
  readonly prefix: string;
  /** Empty: entries are not told apart by program. */
  readonly application: string;
  readonly l2Timeout: number;
  readonly redis?: RedisTarget;
  readonly seal: Seal;
  readonly maxTags: number;
  readonly fillWait: number;
  readonly backOff: Backoff;
  readonly layers: readonly CacheLayer[];
  readonly view: ViewSettings;
  readonly tracing: Tracing;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<CachingOptions>()
  .setClassMethodName('forRoot')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/** @throws CacheError `CACHE_OPTIONS` */
export function resolveOptions(options: CachingOptions): ResolvedOptions {
  const { prefix = 'strata', application = '', consistency = 'bounded', maxTags = 100_000, redis, backOff } = options;
  // No colon: the keys of prefix "a" could not be told from those of "a:b", and clear() would reach too far.
  if (!/^[\w.-]+$/.test(prefix)) throw invalid('prefix', prefix);
  if (!/^[\w.-]{0,64}$/.test(application)) throw invalid('application', application);
  if (!Number.isInteger(maxTags) || maxTags < 1) throw invalid('maxTags', maxTags);
  if (!['bounded', 'strict'].includes(consistency)) throw invalid('consistency', consistency);
  const { layers = ['view', 'query'] } = options;
  if (!layers.every((layer) => ['view', 'query'].includes(layer))) throw invalid('layers', layers);
  const initialDelay = parseDuration('backOff.initialDelay', backOff?.initialDelay ?? '500ms');
  const maxDelay = parseDuration('backOff.maxDelay', backOff?.maxDelay ?? '10s');
  if (initialDelay > maxDelay) throw invalid('backOff', backOff);
  return {
    ttl: parseDuration('ttl', options.ttl ?? '5m'),
    negativeTtl: parseDuration('negativeTtl', options.negativeTtl ?? '30s'),
    staleWhileRevalidate: parseDuration('staleWhileRevalidate', options.staleWhileRevalidate ?? '10s', 0),
    grace: parseDuration('grace', options.grace ?? '1h', 0),
    loadTimeout: parseDuration('loadTimeout', options.loadTimeout ?? '30s'),
    l1MaxBytes: size('l1MaxBytes', options.l1MaxBytes ?? '64mb'),
    maxLag: parseDuration('maxLag', options.maxLag ?? '1s'),
    consistency,
    prefix,
    application,
    l2Timeout: parseDuration('l2Timeout', options.l2Timeout ?? '100ms'),
    redis: redis && redisTarget(redis.url),
    seal: options.secret === undefined ? checksum : signature(options.secret, application),
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
  const parsed = typeof value === 'number' ? value : (ms(value as ms.StringValue) as number | undefined);
  if (parsed === undefined || !(parsed >= min && parsed < 2 ** 31)) throw invalid(name, value);
  return parsed;
}

function size(name: string, value: Size): number {
  const parsed = bytes.parse(value);
  if (parsed === null || parsed < 1) throw invalid(name, value);
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

function invalid(name: string, value: unknown): CacheError {
  return new CacheError('CACHE_OPTIONS', `cache option "${name}" is invalid: ${JSON.stringify(value)}`);
}
