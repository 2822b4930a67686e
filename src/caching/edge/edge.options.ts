import { CacheError } from '../caching.errors';
import { type Duration, parseDuration } from '../caching.options';

/** What stands in front of the application, and how it is told to drop something. */
export const EDGE_KINDS = ['none', 'varnish', 'fastly', 'cloudflare'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** Headers that can carry tags. `cache-groups` is RFC 9875; the others are their owners' own. */
export const TAG_HEADERS = ['cache-tag', 'surrogate-key', 'xkey', 'cache-groups'] as const;
export type TagHeader = (typeof TAG_HEADERS)[number];

export interface EdgeOptions {
  /** Which edge is purged. `none`: nothing is purged, so edges may keep a response for a moment only (nginx is such an edge). @default none */
  purge?: EdgeKind;
  /** Where it takes purges: Varnish's own URL, `https://api.fastly.com/service/ID`, `https://api.cloudflare.com/client/v4/zones/ID`. */
  url?: string;
  /** Of the hosted ones. Never in a log line, an error or an answer. */
  token?: string;
  /** How long an edge may keep an answer. Duration, whole seconds; 0: not at all. @default 1s without a purger, else 5m */
  ttl?: Duration;
  /** How long past that it may serve it while it asks for a new one. Duration. @default 10s; 0 without a purger, which it would make late */
  staleWhileRevalidate?: Duration;
  /** How long past that it may serve it when we fail. Duration. @default 1h */
  staleIfError?: Duration;
  /** Headers that carry the tags. @default what the purged edge reads */
  tags?: readonly TagHeader[];
}

/** The same with everything filled in; durations are milliseconds. */
export interface ResolvedEdge {
  readonly kind: EdgeKind;
  readonly url: string;
  readonly token: string | undefined;
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  readonly tags: readonly TagHeader[];
}

const OWN_TAGS: Record<EdgeKind, readonly TagHeader[]> = {
  none: [],
  varnish: ['xkey'],
  fastly: ['surrogate-key'],
  cloudflare: ['cache-tag'],
};

const HOSTED: readonly EdgeKind[] = ['fastly', 'cloudflare'];

/** @throws CacheError `CACHE_OPTIONS` */
export function resolveEdge(options: EdgeOptions = {}): ResolvedEdge {
  const { purge: kind = 'none', url = '', token, tags = OWN_TAGS[kind] } = options;
  const purged = kind !== 'none';
  if (!EDGE_KINDS.includes(kind)) throw invalid('purge', `must be one of ${EDGE_KINDS.join(', ')}`);
  if (purged && !isHttpUrl(url)) throw invalid('url', `must be an http or https URL to purge ${kind}`);
  if (HOSTED.includes(kind) && !token) throw invalid('token', `must be set to purge ${kind}`);
  if (!tags.every((name) => TAG_HEADERS.includes(name))) throw invalid('tags', `knows ${TAG_HEADERS.join(', ')}`);
  return {
    kind,
    url: url.replace(/\/+$/, ''),
    token,
    ttl: parseDuration('edge.ttl', options.ttl ?? (purged ? '5m' : '1s'), 0),
    staleWhileRevalidate: parseDuration(
      'edge.staleWhileRevalidate',
      options.staleWhileRevalidate ?? (purged ? '10s' : 0),
      0,
    ),
    staleIfError: parseDuration('edge.staleIfError', options.staleIfError ?? '1h', 0),
    tags,
  };
}

/** Credentials in a URL end in the error of whoever fetches it. */
function isHttpUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Says which option, and repeats no value: it may be a secret. */
function invalid(name: string, why: string): CacheError {
  return new CacheError('CACHE_OPTIONS', `edge option "${name}" ${why}`);
}
