/** How one value is cached. Durations are milliseconds. What is left out comes from the module's options. */
export interface CachePolicy {
  /** Fresh for (±10 %, see `jitter`). */
  readonly ttl?: number;
  /** The same for a `null` body: "known to be absent". */
  readonly negativeTtl?: number;
  /** Varies the TTL by ±10 %, so that what was filled together does not expire together. @default true */
  readonly jitter?: boolean;
  /**
   * Eager refresh: within this long of the end of its TTL the value is served while one refresh runs.
   * @default 0: never
   */
  readonly refreshBefore?: number;
  /** Past its TTL and not stamped: served for this long while one refresh runs. */
  readonly staleWhileRevalidate?: number;
  /** Kept for this long past its TTL, for the case that loading fails. */
  readonly grace?: number;
  /** What the value depends on, beside what is gathered while it is loaded. */
  readonly tags?: readonly string[];
  /** A load that takes longer than this counts as failed. */
  readonly loadTimeout?: number;
  /**
   * Kept in this process only, never in L2: for what is as cheap to load as to fetch from there, or reaches other nodes as
   * part of something larger that is cached. @default false
   */
  readonly inProcess?: boolean;
}

export type ResolvedPolicy = Required<CachePolicy>;
/** What the module's options say about every value. */
export type PolicyDefaults = Omit<ResolvedPolicy, 'tags' | 'jitter' | 'inProcess' | 'refreshBefore'>;

export function resolvePolicy(policy: CachePolicy, defaults: PolicyDefaults): ResolvedPolicy {
  return {
    ttl: policy.ttl ?? defaults.ttl,
    jitter: policy.jitter ?? true,
    refreshBefore: policy.refreshBefore ?? 0,
    negativeTtl: policy.negativeTtl ?? defaults.negativeTtl,
    staleWhileRevalidate: policy.staleWhileRevalidate ?? defaults.staleWhileRevalidate,
    grace: policy.grace ?? defaults.grace,
    loadTimeout: policy.loadTimeout ?? defaults.loadTimeout,
    tags: policy.tags ?? [],
    inProcess: policy.inProcess ?? false,
  };
}

const JITTER = 0.1;

/** The TTL ±10 %; `random` is in [0, 1). */
export function jittered(ttl: number, random: number): number {
  return ttl * (1 - JITTER + 2 * JITTER * random);
}
