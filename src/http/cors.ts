/** Origins that may read responses: all, none, or these. */
export type CorsOrigins = '*' | 'none' | readonly string[];

type Headers = Readonly<Record<string, string>>;

/** Longest time that a browser may remember a preflight, in seconds. Browsers cut it to 2 h (Chromium) or a day (Firefox). */
const MAX_AGE = 86_400;

/** Request headers that a script may send. A constant list, so that no preflight depends on its request. */
const REQUEST_HEADERS = [
  'Authorization',
  'Cache-Control',
  'Cache-Token',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-Modified-Since',
  'If-None-Match',
  'If-Unmodified-Since',
  'X-Request-Id',
].join(', ');

/** Response headers that a script may read beside those that it always may. */
const RESPONSE_HEADERS = [
  'Accept-Patch',
  'Age',
  'Allow',
  'Cache-Status',
  'Cache-Token',
  'ETag',
  'Idempotency-Replayed',
  'Location',
  'Retry-After',
  'WWW-Authenticate',
  'X-Cache',
  'X-Request-Id',
].join(', ');

const OPEN: Headers = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': RESPONSE_HEADERS,
  'cross-origin-resource-policy': 'cross-origin',
};

/**
 * The CORS protocol of https://fetch.spec.whatwg.org/#http-cors-protocol. Credentials that browsers send by themselves are never
 * allowed, and none are used here: a token has to be put on the request by the script, so any origin may call.
 */
export class Cors {
  private readonly listed: ReadonlySet<string>;

  constructor(private readonly origins: CorsOrigins) {
    this.listed = new Set(Array.isArray(origins) ? origins : []);
  }

  /** Whether the response differs with the origin of the request: then every response has to say `Vary: Origin`. */
  get varies(): boolean {
    return this.listed.size > 0;
  }

  /** Headers of every response that other origins may read. With `*` they are the same for every request. */
  headers(origin: string | undefined): Headers {
    if (this.origins === '*') return OPEN;
    if (!this.varies) return {};
    if (origin === undefined || !this.listed.has(origin)) return { vary: 'Origin' };
    return { ...OPEN, 'access-control-allow-origin': origin, vary: 'Origin' };
  }

  /** What the response to a preflight says beside that. @param allow the URL's methods */
  preflight(origin: string | undefined, allow: string): Headers {
    if (this.headers(origin)['access-control-allow-origin'] === undefined) return {};
    return {
      'access-control-allow-methods': allow,
      'access-control-allow-headers': REQUEST_HEADERS,
      'access-control-max-age': String(MAX_AGE),
      'cache-control': `public, max-age=${MAX_AGE}`,
    };
  }
}

/** `Vary` with one more field name (RFC 9110 §12.5.5). */
export function withVary(vary: unknown, name: string): string {
  const names = typeof vary === 'string' ? vary.split(',').map((item) => item.trim()) : [];
  if (names.includes('*')) return '*';
  return names.some((item) => item.toLowerCase() === name.toLowerCase())
    ? names.join(', ')
    : [...names, name].join(', ');
}
