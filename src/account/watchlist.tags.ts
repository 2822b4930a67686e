import { type RowChange, tableTag, userTag } from '../caching';
import { shownTags } from '../products';

/** Every user's watchlist: stamped by statements over many rows. */
export const ALL_WATCHLISTS = tableTag('watchlist');

/** A row of `watchlist` as the outbox has it. */
export type WatchlistRow = Record<'user_id' | 'product_id' | 'added_at', string>;

/** One user's watchlist. */
export const watchlistTag = userTag('watchlist');

/** The dashboard depends on the list and on every product on it. */
export function dashboardTags(userId: string, productIds: readonly number[]): string[] {
  return [ALL_WATCHLISTS, watchlistTag(userId), ...shownTags(productIds.map((id) => ({ id })))];
}

/** What depends on the products on a watchlist says so itself, with their tags. */
export function watchlistEvictedBy({ before, after }: RowChange<WatchlistRow>): string[] {
  return [before, after].flatMap((row) => (row ? [watchlistTag(row.user_id)] : []));
}
