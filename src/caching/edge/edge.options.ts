import { CacheError } from '../caching.errors';
import { type Duration, parseDuration } from '../caching.options';
import { EDGE_KINDS, type EdgeKind, TAG_HEADERS, type TagHeader } from './edge-kinds';

export interface EdgeOptions {
  /** Which edge is purged. `none`: nothing is purged, so edges may cache a response for `ttl` only (nginx is such an edge). @default none */
  purge?: EdgeKind;
  /** The URL that accepts purges: Varnish's own, `https://api.fastly.com/service/ID`, `https://api.cloudflare.com/client/v4/zones/ID`. */
  url?: string;
  /** API token of a hosted edge. Never in a log line, an error or a response. */
  token?: string;
  /** How long an edge may cache a response. Duration, whole seconds; 0: not at all. @default 1s without a purger, else 5m */
  ttl?: Duration;
  /** How long past `ttl` an edge may serve the response while it fetches a new one. Duration. @default 10s; 0 without a purger, as it would delay writes */
  staleWhileRevalidate?: Duration;
  /** How long past `ttl` an edge may serve the response when the nodes fail. Duration. @default 1h */
  staleIfError?: Duration;
  /** Headers that carry the tags. @default the one that the purged edge reads */
  tags?: readonly TagHeader[];
}

/** The options with every default filled in; durations are milliseconds. */
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

/** Rejects credentials in a URL: they would end up in error messages. */
function isHttpUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/** Names the option and never its value, which may be a secret. */
function invalid(name: string, why: string): CacheError {
  return new CacheError('CACHE_OPTIONS', `edge option "${name}" ${why}`);
}
