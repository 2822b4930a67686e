import { type RowChange, tableTag, userTag } from '../caching';

/** Every user's watchlist: stamped by statements over many rows. */
const ALL_WATCHLISTS = tableTag('watchlist');

/** A row of `watchlist` as the outbox has it. */
export type WatchlistRow = Record<'user_id' | 'product_id' | 'added_at', string>;

/** One user's watchlist. */
export const watchlistTag = userTag('watchlist');

export function watchlistTags(userId: string): string[] {
  return [ALL_WATCHLISTS, watchlistTag(userId)];
}

/** What depends on the products on a watchlist says so itself, with their tags. */
export function watchlistEvictedBy({ before, after }: RowChange<WatchlistRow>): string[] {
  return [before, after].flatMap((row) => (row ? [watchlistTag(row.user_id)] : []));
}
