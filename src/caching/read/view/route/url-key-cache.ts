import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { SharedHeaders } from './fast-path-eligibility';
import type { ViewRoute } from './view-route';

/** An address as clients write it, and what is known of it. */
export interface KnownUrl {
  /** With header versioning one address may lead to several. */
  readonly route: ViewRoute;
  /** Of bounded length; where the address alone names the entry, its key. */
  readonly urlKey: string;
  /** The route's pattern. */
  readonly pattern: string;
  /** Set once the fast path may serve the URL: headers that every response here gets. */
  open?: SharedHeaders;
}

export type OpenUrl = KnownUrl & { readonly open: SharedHeaders };

/** Memory for addresses, in characters; a longer one is not remembered at all. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
const MAX_URL = 2_048;
const OVERHEAD = 300;

/**
 * Remembers which key an address led to, so that a hit validates nothing again. Many ways to write one request lead to one
 * key, so a flood of them fills this table, which is bounded, and never the cache.
 */
export class UrlKeyCache {
  private readonly urls = new LRUCache<string, KnownUrl>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ urlKey }, url) => url.length + urlKey.length + OVERHEAD,
  });

  get(url: string): KnownUrl | undefined {
    return this.urls.get(url);
  }

  /** The entry of `route` for the URL of a request, if that URL was requested before. */
  known(route: ViewRoute, { raw }: FastifyRequest): KnownUrl | undefined {
    const known = this.urls.get(raw.url ?? '');
    return known?.route === route ? known : undefined;
  }

  /** The same, read through the route's DTOs, and remembered. Undefined: it has no key. @throws what the validation throws */
  async resolveKey(route: ViewRoute, request: FastifyRequest): Promise<KnownUrl | undefined> {
    const urlKey = await route.keyOfUrl(request);
    if (urlKey === undefined) return undefined;
    const known = { route, pattern: request.routeOptions.url ?? '', urlKey };
    this.remember(request.raw.url ?? '', known);
    return known;
  }

  remember(url: string, known: KnownUrl): void {
    if (url.length <= MAX_URL) this.urls.set(url, known);
  }
}
