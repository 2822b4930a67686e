import { type Duration, parseDuration } from '../caching.options';
import { type EdgeKind, type EdgeOptions, type ResolvedEdge, resolveEdge } from './edge.options';
import { tagField } from './tag-field';

/** Injection token of the application's EdgeHeaders; nobody provides it where there is no EdgeModule. */
export const EDGE_HEADERS = Symbol('EDGE_HEADERS');

type Fields = Readonly<Record<string, string>>;

/** What public answers say to shared caches. README.md has the table: which edge reads which header. */
export class EdgeHeaders {
  private readonly known = new WeakMap<readonly string[], Fields>();

  constructor(private readonly options: ResolvedEdge) {}

  static of(options?: EdgeOptions): EdgeHeaders {
    return new EdgeHeaders(resolveEdge(options));
  }

  /**
   * How long edges may keep the answers of one route.
   * @param own what browsers are told in Cache-Control
   * @param edge what the route declares: as long as is configured (`true`), or this at most. Undefined: not at all
   */
  freshness(own: string, edge: Duration | true | undefined): Fields {
    const { kind, ttl } = this.options;
    const most = edge === undefined ? 0 : edge === true ? ttl : Math.min(parseDuration('edge', edge, 0), ttl);
    const seconds = Math.floor(most / 1_000);
    if (seconds === 0) return { 'cache-control': own };
    return FRESHNESS[kind](own, seconds, this.stale());
  }

  /** The tags of one entry, in every header that is configured. Made once for an entry. */
  tags(tags: readonly string[]): Fields {
    if (this.options.tags.length === 0) return NONE;
    let fields = this.known.get(tags);
    if (!fields) {
      fields = Object.fromEntries(this.options.tags.map((name) => [name, tagField(name, tags)]));
      this.known.set(tags, fields);
    }
    return fields;
  }

  private stale(): string {
    const { staleWhileRevalidate, staleIfError } = this.options;
    return directive('stale-while-revalidate', staleWhileRevalidate) + directive('stale-if-error', staleIfError);
  }
}

const NONE: Fields = {};

/**
 * RFC 9111 §4.2.4 forbids to serve stale where `must-revalidate` or `s-maxage` applies, whatever stale-if-error says; so who
 * obeys that has a header of its own (RFC 9213, Surrogate-Control), in which neither stands. nginx and Varnish read nothing but
 * Cache-Control, and take its stale-* at their word; browsers are held back from them by `must-revalidate`.
 * What is meant for the edge stands last, so that one that is purged can cut it off before it passes the answer on.
 */
const FRESHNESS: Record<EdgeKind, (own: string, seconds: number, stale: string) => Fields> = {
  none: (own, seconds, stale) => ({
    'cache-control': `${own}, s-maxage=${seconds}${stale}`,
    'cdn-cache-control': `max-age=${seconds}${stale}`,
  }),
  nginx: (own, seconds, stale) => ({ 'cache-control': `${own}, s-maxage=${seconds}${stale}` }),
  varnish: (own, seconds, stale) => ({ 'cache-control': `${own}, s-maxage=${seconds}${stale}` }),
  fastly: (own, seconds, stale) => ({
    'cache-control': own,
    'surrogate-control': `max-age=${seconds}${stale}`,
  }),
  cloudflare: (own, seconds, stale) => ({
    'cache-control': own,
    'cloudflare-cdn-cache-control': `max-age=${seconds}${stale}`,
  }),
};

function directive(name: string, milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  return seconds > 0 ? `, ${name}=${seconds}` : '';
}
