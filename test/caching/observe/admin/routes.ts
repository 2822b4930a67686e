/** Every admin route, asked so that it succeeds. */
export const ADMIN_ROUTES: [method: string, path: string, json?: object][] = [
  ['GET', '/api/cache/stats'],
  ['GET', '/api/cache/entries'],
  ['GET', '/api/cache/live?seconds=1'],
  ['POST', '/api/cache/evict', { tags: ['product:1'] }],
  ['POST', '/api/cache/warm'],
  ['GET', `/api/cache/entries/${encodeURIComponent('view:/api/products/stats{}{}')}`],
  ['DELETE', `/api/cache/entries/${encodeURIComponent('view:/api/products/stats{}{}')}`],
  ['DELETE', '/api/cache'],
];

/** The parts of an entry that tests look at. */
export interface Entry {
  key: string;
  tiers: string[];
  tags: string[];
  epoch: string;
  tick: number;
  bytes: number;
  created_at: string;
  ttl: number;
  fresh: boolean;
  stale_because: { why: string; tag: string | null } | null;
}

export interface EntryPage {
  entries: Entry[];
  next: string | null;
}

export const entryPath = (key: string): string => `/api/cache/entries/${encodeURIComponent(key)}`;
