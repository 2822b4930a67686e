import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import type { Duration } from '../../caching.options';
import { ViewGuard } from './view.guard';

export const CACHE_VIEW = Symbol('CACHE_VIEW');

/** How a route's responses are cached. Only GET routes with `@CacheView` are cached. */
export interface ViewOptions {
  /** How long a response is fresh in this cache. Duration. @default the module's `ttl` */
  ttl?: Duration;
  /** How long a browser may reuse a response before it revalidates. Duration. @default 0 */
  browser?: Duration;
  /** How long a shared cache may reuse a response: `true` for the edge's `ttl`, or at most this Duration. @default as `browser` */
  edge?: Duration | true;
  /** Part of the key. Change it when the shape of the response changes: a new release then reads none of the old entries. @default none */
  version?: string | number;
  /** Request headers that the response depends on. They are part of the key and of `Vary`. @default [] */
  vary?: readonly string[];
  /** The response is for one user: the user is part of the key, and no shared cache may store it. @default false */
  private?: boolean;
  /**
   * The response is the same for every caller, signed in or not, so a token or a cookie on the request changes nothing.
   * Without `shared`, a request with a token or a cookie bypasses a public view. @default false
   */
  shared?: boolean;
  /**
   * The handler reads nothing but what is cached by itself: `@CacheQuery` that is not `inProcess`, rows of an EntityCache. Where a write made
   * this process's copy of the response stale, it is assembled again here, without Redis: other nodes find the parts there. @default false
   */
  assembled?: boolean;
  /**
   * Stores the response in this process only. For a response that costs no more to assemble from cached values than to read from
   * Redis, such as one row. @default false
   */
  inProcess?: boolean;
}

/**
 * Caches whole responses of a GET route: status, headers and serialised body. Dependencies are recorded while the handler
 * runs (`@CacheQuery`, `CacheService`), so that a write to any of them invalidates the response.
 */
export function CacheView(options: ViewOptions = {}): MethodDecorator {
  return applyDecorators(SetMetadata(CACHE_VIEW, options), UseGuards(ViewGuard));
}
