import { CacheError, type CacheErrorCode } from '../../caching.errors';

/** What no waiting cures: the operator has to change a setting. */
const REFUSALS: readonly CacheErrorCode[] = [
  'CACHE_CLOCK_CONFLICT',
  'CACHE_SOURCE_CONFLICT',
  'CACHE_TABLE_UNWATCHED',
  'CACHE_POOLED_SESSION',
  'CACHE_DATA_SOURCE',
  'CACHE_OUTBOX_UNUSABLE',
];
const MISSING_RIGHT = '42501';
const MISSING_TABLE = '42P01';

/** The error that start-up refuses with; undefined: trying again may help. */
export function refusalOf(error: unknown): CacheError | undefined {
  const known = outboxErrorOf(error);
  return known instanceof CacheError && REFUSALS.includes(known.code) ? known : undefined;
}

/** Says what is missing where PostgreSQL only says that something is. */
export function outboxErrorOf(cause: unknown): unknown {
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  if (code === MISSING_TABLE) {
    return new CacheError(
      'CACHE_OUTBOX_UNUSABLE',
      `The role of the service does not find the outbox (${String(message)}). Run the migrations, or correct search_path.`,
      { cause },
    );
  }
  if (code === MISSING_RIGHT) {
    return new CacheError(
      'CACHE_OUTBOX_UNUSABLE',
      `The role of the service lacks rights on the outbox (${String(message)}). Grant it SELECT, UPDATE and DELETE ON cache_outbox.`,
      { cause },
    );
  }
  return cause;
}
