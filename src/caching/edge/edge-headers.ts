import { type Duration, parseDuration } from '../caching.options';
import type { EdgeKind } from './edge-kinds';
import { type EdgeOptions, type ResolvedEdge, resolveEdge } from './edge.options';
import { tagField } from './tag-field';

/** Injection token of the application's EdgeHeaders; without an EdgeModule there is no provider. */
export const EDGE_HEADERS = Symbol('EDGE_HEADERS');

type Fields = Readonly<Record<string, string>>;

/** What shared caches need to know of a response that is fresh now. */
export interface Shareable {
  /** What the response depends on. */
  readonly tags: readonly string[];
  /** Seconds that the entry is fresh here: the upper bound for every edge. */
  readonly ttl: number;
}

/** The headers of public responses for shared caches. README.md has the table of edges and headers. */
export class EdgeHeaders {
  private readonly known = new WeakMap<readonly string[], Fields>();
  private readonly stale: string;

  constructor(private readonly options: ResolvedEdge) {
    const { staleWhileRevalidate, staleIfError } = options;
    this.stale = directive('stale-while-revalidate', staleWhileRevalidate) + directive('stale-if-error', staleIfError);
  }

  /** Responses carry cache groups, so the groups of a write's response have to match them (RFC 9875). */
  get sendsGroups(): boolean {
    return this.options.tags.includes('cache-groups');
  }

  static of(options?: EdgeOptions): EdgeHeaders {
    return new EdgeHeaders(resolveEdge(options));
  }

  /** The longest time, in ms, that edges may cache responses of a route that declares `edge`. */
  most(edge: Duration | true): number {
    return edge === true ? this.options.ttl : Math.min(parseDuration('edge', edge, 0), this.options.ttl);
  }

  /**
   * The headers of one response: its freshness at edges, and the tags that purge it.
   * @param own the Cache-Control for browsers
   * @param most upper bound in ms
   */
  fields(own: string, most: number, { tags, ttl }: Shareable): Fields {
    const seconds = Math.floor(Math.min(most / 1_000, ttl));
    if (seconds < 1) return { 'cache-control': own };
    return { ...FRESHNESS[this.options.kind](own, seconds, this.stale), ...this.tags(tags) };
  }

  /** The tags in every configured header; built once for an entry. */
  private tags(tags: readonly string[]): Fields {
    if (this.options.tags.length === 0) return NONE;
    let fields = this.known.get(tags);
    if (!fields) {
      fields = Object.fromEntries(this.options.tags.map((name) => [name, tagField(name, tags)]));
      this.known.set(tags, fields);
    }
    return fields;
  }
}

const NONE: Fields = {};

/**
 * Freshness in the header that each edge reads. RFC 9111 §4.2.4 forbids serving stale under `must-revalidate` or `s-maxage`,
 * whatever stale-if-error says. Edges that obey this get a header of their own (RFC 9213, Surrogate-Control) without either.
 * nginx and Varnish read only Cache-Control and apply its stale-* directives; `must-revalidate` keeps browsers from applying them.
 * The edge's directives come last, so that a purged edge can cut them off before it forwards the response.
 */
const FRESHNESS: Record<EdgeKind, (own: string, seconds: number, stale: string) => Fields> = {
  none: (own, seconds, stale) => ({
    'cache-control': `${own}, s-maxage=${seconds}${stale}`,
    'cdn-cache-control': `max-age=${seconds}${stale}`,
  }),
  varnish: inOneField,
  fastly: (own, seconds, stale) => ({
    'cache-control': own,
    'surrogate-control': `max-age=${seconds}${stale}`,
  }),
  cloudflare: (own, seconds, stale) => ({
    'cache-control': own,
    'cloudflare-cdn-cache-control': `max-age=${seconds}${stale}`,
  }),
};

function inOneField(own: string, seconds: number, stale: string): Fields {
  const strict = own.includes('must-revalidate') ? own : `${own}, must-revalidate`;
  return { 'cache-control': `${strict}, s-maxage=${seconds}${stale}` };
}

function directive(name: string, milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1_000);
  return seconds > 0 ? `, ${name}=${seconds}` : '';
}
