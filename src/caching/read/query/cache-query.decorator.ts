import { SetMetadata, type Type } from '@nestjs/common';
import type { Duration } from '../../caching.options';

export const CACHE_QUERY = Symbol('CACHE_QUERY');

/** How a method's results are cached. `A`: its arguments, `R`: what it resolves to. */
export interface QueryOptions<A extends readonly unknown[] = never, R = unknown> {
  /** Fresh for. Duration. @default the module's `ttl` */
  ttl?: Duration;
  /** Kept past its TTL for the case that the method fails. Duration. @default the module's `grace` */
  grace?: Duration;
  /** Part of the key. Change it when the shape of the result changes: a new release then reads none of the old entries. @default none */
  version?: string | number;
  /** What the result depends on: texts, or a function of the result and the arguments. @default [] */
  tags?: readonly string[] | ((result: R, ...args: A) => readonly string[]);
  /** The part of the key that tells calls apart. @default all arguments, in canonical form */
  key?: (...args: A) => string;
  /**
   * Results stay in this process, and are not sent to L2: for a method that costs no more than that, or whose results reach other nodes
   * inside an answer that is cached. @default false
   */
  inProcess?: boolean;
  /** Class of the result, or of each item where it is a list: hits are made instances of it again. @default plain data */
  type?: Type;
}

/**
 * Caches what an async method of a provider resolves to. Callers inside the class (`this.method()`) are served as well.
 * Whose call ran the method gets what it returned, every other caller a copy of its own. A call inside a database transaction
 * (an EntityManager or QueryRunner with one is among the arguments) goes past the cache: what it reads, others may not see yet.
 */
export function CacheQuery<A extends readonly unknown[], R>(
  options: QueryOptions<A, R> = {},
): (target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<(...args: A) => Promise<R>>) => void {
  return (target, name, descriptor) => {
    SetMetadata(CACHE_QUERY, options)(target, name, descriptor as TypedPropertyDescriptor<unknown>);
  };
}
