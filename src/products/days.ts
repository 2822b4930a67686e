const DAY = 24 * 3_600_000;
/** More days than this are not named one by one. */
const MAX_DAYS = 32;

/** The days (UTC) from the one of two moments to the other's, each by an ISO date in it. Undefined: too many, or one is no date. */
export function daysBetween(one: string, other: string): string[] | undefined {
  const [first, last] = [one, other].map((date) => Date.parse(dayOf(date))).sort((a, b) => a - b) as [number, number];
  const count = (last - first) / DAY + 1;
  if (!(count <= MAX_DAYS)) return undefined;
  return Array.from({ length: count }, (_, n) => new Date(first + n * DAY).toISOString());
}

/** The day of an ISO date. The outbox prints dates in UTC, as `toISOString` does. */
export function dayOf(date: string): string {
  return date.slice(0, 10);
}
