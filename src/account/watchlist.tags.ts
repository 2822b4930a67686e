import { type RowChange, tableTag } from '../caching';
import { shownTags } from '../products';

/** Every user's watchlist: stamped by statements over many rows. */
export const ALL_WATCHLISTS = tableTag('watchlist');

/** A row of `watchlist` as the outbox has it. */
export type WatchlistRow = Record<'user_id' | 'product_id' | 'added_at', string>;

/** Names of users may hold anything, even half a character; a tag is printable ASCII, because it also stands in HTTP fields. */
export function watchlistTag(userId: string): string {
  return `watchlist:${encodeURIComponent(Buffer.from(userId).toString())}`;
}

/** The dashboard depends on the list and on every product on it. */
export function dashboardTags(userId: string, productIds: readonly number[]): string[] {
  return [ALL_WATCHLISTS, watchlistTag(userId), ...shownTags(productIds.map((id) => ({ id })))];
}

/** What depends on the products on a watchlist says so itself, with their tags. */
export function watchlistEvictedBy({ before, after }: RowChange<WatchlistRow>): string[] {
  return [before, after].flatMap((row) => (row ? [watchlistTag(row.user_id)] : []));
}
