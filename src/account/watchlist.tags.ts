import { shownTags } from '../products';

/** A user's list as a whole: what is on it, and in which order. */
export function watchlistTag(userId: string): string {
  return `watchlist:${userId}`;
}

/** The dashboard depends on the list and on every product on it. */
export function dashboardTags(userId: string, productIds: readonly number[]): string[] {
  return ['table:watchlist', watchlistTag(userId), ...shownTags(productIds.map((id) => ({ id })))];
}
