import { SetMetadata } from '@nestjs/common';
import type { Duration } from '../../caching.options';

export const CACHE_VIEW = Symbol('CACHE_VIEW');

/** How a route's answers are cached. Only GET routes can have it, and only those that say so are cached at all. */
export interface ViewOptions {
  /** Fresh for, here. Duration. @default the module's `ttl` */
  ttl?: Duration;
  /** What a browser may use without asking. Beyond it, it asks and is told 304. Duration. @default 0 */
  browser?: Duration;
  /** The same for shared caches before us: as long as the edge's `ttl` says (`true`), or this at most. Duration. @default none: as browsers */
  edge?: Duration | true;
  /** Part of the key. Change it when the shape of the response changes: a new release then reads none of the old entries. @default none */
  version?: string | number;
  /** Request headers that the answer depends on: they are part of the key, and of `Vary`. @default [] */
  vary?: readonly string[];
  /** The answer belongs to who asks: the user is part of the key, and no shared cache may keep it. @default false */
  private?: boolean;
  /**
   * The answer is the same to everybody, signed in or not, so that a token or a cookie on the request changes nothing.
   * Without it a public view is bypassed for requests that carry one. @default false
   */
  shared?: boolean;
}

/**
 * Caches whole answers of a GET route: status, headers and serialised body. What the answer was built from is gathered
 * while it is built (`@CacheQuery`, `CacheService`), so that a write to any of it evicts the answer.
 */
export function CacheView(options: ViewOptions = {}): MethodDecorator {
  return SetMetadata(CACHE_VIEW, options);
}
