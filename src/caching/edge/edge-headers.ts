import { type Duration, parseDuration } from '../caching.options';
import { type EdgeKind, type EdgeOptions, type ResolvedEdge, resolveEdge } from './edge.options';
import { tagField } from './tag-field';

/** Injection token of the application's EdgeHeaders; nobody provides it where there is no EdgeModule. */
export const EDGE_HEADERS = Symbol('EDGE_HEADERS');

type Fields = Readonly<Record<string, string>>;

/** An answer that is known to be right now, so that others may keep it. */
export interface Shareable {
  /** What it depends on. */
  readonly tags: readonly string[];
  /** Seconds that it is fresh here: nobody keeps it longer than we do. */
  readonly ttl: number;
}

/** What public answers say to shared caches. README.md has the table: which edge reads which header. */
export class EdgeHeaders {
  private readonly known = new WeakMap<readonly string[], Fields>();
  private readonly stale: string;

  constructor(private readonly options: ResolvedEdge) {
    const { staleWhileRevalidate, staleIfError } = options;
    this.stale = directive('stale-while-revalidate', staleWhileRevalidate) + directive('stale-if-error', staleIfError);
  }

  /** Answers carry groups, so what a write's answer names has to meet them (RFC 9875). */
  get sendsGroups(): boolean {
    return this.options.tags.includes('cache-groups');
  }

  static of(options?: EdgeOptions): EdgeHeaders {
    return new EdgeHeaders(resolveEdge(options));
  }

  /** Milliseconds that edges may keep answers of a route which declares `edge`, at most. */
  most(edge: Duration | true): number {
    return edge === true ? this.options.ttl : Math.min(parseDuration('edge', edge, 0), this.options.ttl);
  }

  /**
   * What one answer says: that edges may keep it for so long, and what to purge it by.
   * @param own what browsers are told in Cache-Control
   * @param most milliseconds
   */
  fields(own: string, most: number, { tags, ttl }: Shareable): Fields {
    const seconds = Math.floor(Math.min(most / 1_000, ttl));
    if (seconds < 1) return { 'cache-control': own };
    return { ...FRESHNESS[this.options.kind](own, seconds, this.stale), ...this.tags(tags) };
  }

  /** In every header that is configured; made once for an entry. */
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
