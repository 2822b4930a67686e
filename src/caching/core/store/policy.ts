import { CacheError } from '../../caching.errors';

/** Refresh in the last tenth of the TTL. */
export const EAGER = 'eager';
/** Milliseconds before the end of the TTL, or `EAGER`. */
export type RefreshBefore = number | typeof EAGER;

/** How one value is cached. Durations are milliseconds. Omitted fields default to the module's options. */
export interface CachePolicy {
  /** How long the value is fresh (±10 %, see `jitter`). */
  readonly ttl?: number;
  /** The TTL of a `null` body: the source has no value. Never longer than `ttl`. */
  readonly negativeTtl?: number;
  /** Varies the TTL by ±10 %, so that values loaded together do not expire together. @default true */
  readonly jitter?: boolean;
  /**
   * Eager refresh: in the last part of its TTL, this long, the value is served while one refresh runs. `eager`: the last tenth.
   * @default 0: never
   */
  readonly refreshBefore?: RefreshBefore;
  /**
   * `background`: no caller waits for an eager refresh. `caller`: one caller loads and waits, as the load needs its request;
   * the others are served. @default background
   */
  readonly refreshedBy?: 'background' | 'caller';
  /** How long past its TTL an unstamped value is served while one refresh runs. */
  readonly staleWhileRevalidate?: number;
  /** How long past its TTL the value may be served if loading fails. 0: never. */
  readonly grace?: number;
  /** Tags of the value, beside the dependencies that are recorded while it is loaded. */
  readonly tags?: readonly string[];
  /** A load that takes longer than this counts as failed. */
  readonly loadTimeout?: number;
  /** A caller that refreshes a fresh value waits this long for its load, then is served that value while the load goes on. */
  readonly softTimeout?: number;
  /**
   * Stores the value in L1 only. For a value that is as cheap to load as to read from L2, or that reaches other nodes as
   * part of a larger cached value. @default false
   */
  readonly inProcess?: boolean;
  /**
   * The value is stored with a larger one that it is a part of. Where no tier has the larger one, not even stale, L2 is not
   * read for the part either, and the part is written to it only where there are other nodes. @default false
   */
  readonly comesWithWhole?: boolean;
  /**
   * The value is made of nothing but values that are cached by themselves. Where a write made this process's copy stale, the parts
   * are near: the value is made again without L2, which other nodes need for the parts only. @default false
   */
  readonly isAssembled?: boolean;
}

/** How the values of `getOrLoadMany` are cached. */
export interface ManyPolicy extends CachePolicy {
  /** Tags of one value, beside `tags`, which all of them carry. @default none */
  readonly tagsOf?: (key: string) => readonly string[];
}

export type ResolvedPolicy = Required<CachePolicy>;
/** Policy fields that the module's options set for every value. */
export type PolicyDefaults = Omit<
  ResolvedPolicy,
  'tags' | 'jitter' | 'inProcess' | 'comesWithWhole' | 'isAssembled' | 'refreshBefore' | 'refreshedBy'
>;

/** Milliseconds: a year. No value is cached for longer, and "for ever" is as long. */
export const LONGEST_LIFE = 365 * 24 * 3_600_000;

/** @throws CacheError `CACHE_OPTIONS` for a duration that is none */
export function resolvePolicy(policy: CachePolicy, defaults: PolicyDefaults): ResolvedPolicy {
  const ttl = lasting('ttl', policy.ttl ?? defaults.ttl);
  return {
    ttl,
    jitter: policy.jitter ?? true,
    refreshBefore: policy.refreshBefore ?? 0,
    refreshedBy: policy.refreshedBy ?? 'background',
    negativeTtl: Math.min(ttl, lasting('negativeTtl', policy.negativeTtl ?? defaults.negativeTtl)),
    staleWhileRevalidate: lasting('staleWhileRevalidate', policy.staleWhileRevalidate ?? defaults.staleWhileRevalidate),
    grace: lasting('grace', policy.grace ?? defaults.grace),
    loadTimeout: policy.loadTimeout ?? defaults.loadTimeout,
    softTimeout: policy.softTimeout ?? defaults.softTimeout,
    tags: policy.tags ?? [],
    inProcess: policy.inProcess ?? false,
    comesWithWhole: policy.comesWithWhole ?? false,
    isAssembled: policy.isAssembled ?? false,
  };
}

/** At most `LONGEST_LIFE`: Redis refuses an expiry that is too far in the future. @throws CacheError `CACHE_OPTIONS` */
export function lasting(name: string, ms: number): number {
  if (typeof ms === 'number' && ms >= 0) return Math.min(ms, LONGEST_LIFE);
  throw new CacheError('CACHE_OPTIONS', `cache policy "${name}" is invalid: ${String(ms)} (milliseconds, at least 0)`);
}

const JITTER = 0.1;

/** The TTL ±10 %; `random` is in [0, 1). */
export function jittered(ttl: number, random: number): number {
  return ttl * (1 - JITTER + 2 * JITTER * random);
}
