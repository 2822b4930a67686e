/** Error codes: what each means and what to do. A test compares them with the table in README.md. */
export const CACHE_ERRORS = {
  CACHE_OPTIONS: 'An option is invalid. Read the message, correct the option, start again.',
  CACHE_REDIS_UNAVAILABLE: 'There is no connection to Redis. Nothing to do: the client reconnects by itself.',
  CACHE_TIMEOUT: 'Redis, or a load, exceeded its deadline. Check its latency, or raise the deadline.',
  CACHE_ABANDONED: 'Every client that waited for a load has hung up, so the load was cancelled. Nothing to do.',
  CACHE_CLOCK_UNAVAILABLE: 'The tag clock does not respond, so nothing in L2 can be verified. It recovers with Redis.',
  CACHE_UNTRUSTED:
    'The node cannot prove that it knows of every write, so it serves nothing from the cache. It recovers when the cause is fixed.',
  CACHE_STAMP_FAILED: 'The clock did not acknowledge an invalidation. Invalidate the same tags again.',
  CACHE_NOT_OUTERMOST:
    'Another global interceptor wraps the view cache. Import CachingModule before the module that provides it.',
  CACHE_STOCK_INTERCEPTOR:
    "Nest's own CacheInterceptor is declared, which is never invalidated. Replace it by @CacheView on the routes.",
  CACHE_KEY:
    'A key contains a lone surrogate or begins as the keys of a cache layer do, or a @CacheQuery argument has no canonical form. Read the message.',
  CACHE_QUERY_SCOPE:
    '@CacheQuery is on a route handler or on a request-scoped or transient provider, or two methods share a name. Read the message.',
  CACHE_CLOCK_CONFLICT:
    'Another process uses the same database with another clock. Set the same REDIS_URL and CACHE_PREFIX on all processes.',
  CACHE_TABLE_UNWATCHED: 'An entity has @EvictsTags, but its table has no triggers. Add watchTable() to a migration.',
  CACHE_OUTBOX_UNUSABLE:
    'The outbox cannot be read or drained, because of rights, schema or a read-only session. Read the message.',
  CACHE_POOLED_SESSION:
    'The database is behind a transaction pooler. Set DATABASE_DIRECT_URL (directUrl of EvictionModule).',
  CACHE_SOURCE_CONFLICT:
    'Two live databases use one CACHE_PREFIX. Give each its own prefix, or stop the processes of one.',
  CACHE_DATA_SOURCE:
    'A DataSource cannot be watched: it is not initialised, or @EvictsTags is on an entity of a second one. Read the message.',
  CACHE_CLOSED: 'The cache is closed. Find the code that uses it after shutdown.',
} as const;

export type CacheErrorCode = keyof typeof CACHE_ERRORS;

/** Every error of src/caching. `code` is stable, `message` may change, `cause` is the underlying error. */
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
