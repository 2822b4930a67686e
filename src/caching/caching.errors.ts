/** What can be wrong, and what to do about it. README.md shows this table; a test compares the two. */
export const CACHE_ERRORS = {
  CACHE_OPTIONS: 'An option is invalid. Read the message, correct the option, start again.',
  CACHE_REDIS_UNAVAILABLE: 'There is no connection to Redis now. Nothing to do: it reconnects by itself.',
  CACHE_TIMEOUT: 'Redis, or a load, did not answer within its deadline. Look at its latency, or raise the deadline.',
  CACHE_CLOCK_UNAVAILABLE: 'The tag clock cannot be asked, so nothing in L2 can be verified. It recovers with Redis.',
  CACHE_UNTRUSTED:
    'The node cannot prove that it knows of every write, so nothing cached is served. It recovers when the cause is gone.',
  CACHE_STAMP_FAILED: 'An eviction was not acknowledged by the clock. Keep the change and stamp again.',
  CACHE_NOT_OUTERMOST:
    'Another global interceptor wraps the view cache. Import CachingModule before the module that provides it.',
  CACHE_STOCK_INTERCEPTOR:
    "Nest's own CacheInterceptor is declared, which is never invalidated. Replace it by @CacheView on the routes.",
  CACHE_KEY: 'A lone surrogate, or an argument of a @CacheQuery method, has no place in a key. Give it another key.',
  CACHE_QUERY_SCOPE:
    '@CacheQuery is on a request-scoped or transient provider, or two methods share a name. Read the message.',
  CACHE_CLOCK_CONFLICT:
    'Another process uses the same database and another clock. Give all of them one REDIS_URL and one CACHE_PREFIX.',
  CACHE_TABLE_UNWATCHED: 'An entity says @EvictsTags and its table has no triggers. Add watchTable() to a migration.',
  CACHE_OUTBOX_UNUSABLE:
    'The outbox cannot be read or drained as it stands: rights, schema, a read-only session. Read the message.',
  CACHE_POOLED_SESSION:
    'A transaction pooler stands before the database. Set DATABASE_DIRECT_URL (directUrl of EvictionModule).',
  CACHE_SOURCE_CONFLICT:
    'Two live databases use one CACHE_PREFIX. Give each its own prefix, or stop the processes of the other.',
  CACHE_DATA_SOURCE:
    'A DataSource cannot be watched: it is not initialised, or @EvictsTags is on an entity of a second one. Read the message.',
  CACHE_CLOSED: 'The cache was closed. Something uses it after shutdown.',
} as const;

export type CacheErrorCode = keyof typeof CACHE_ERRORS;

/** Every error of src/caching. `code` is stable; `message` is for people; `cause` is what happened beneath. */
export class CacheError extends Error {
  override readonly name = 'CacheError';

  constructor(
    readonly code: CacheErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
