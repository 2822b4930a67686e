import { SetMetadata, type Type } from '@nestjs/common';
import type { Duration } from '../../caching.options';
import { warnUnlessWired } from './wired-methods';
import { wrapped } from './wrapped';

export const CACHE_QUERY = Symbol('CACHE_QUERY');

/** How a method's results are cached. `A`: its arguments, `R`: its result. */
export interface QueryOptions<A extends readonly unknown[] = never, R = unknown> {
  /**
   * How long a result is fresh, or a function of the result that returns it; 0: the result is not cached. Null is cached for the
   * module's `negativeTtl`, where that is shorter. Duration. @default the module's `ttl`
   */
  ttl?: Duration | ((result: R) => Duration);
  /** How long past its TTL a result may be served if the method fails. 0: never. Duration. @default the module's `grace` */
  grace?: Duration;
  /** Part of the key. Change it when the shape of the result changes: a new release then reads none of the old entries. @default none */
  version?: string | number;
  /** Tags that the result depends on, or a function of the result and the arguments that returns them. @default [] */
  tags?: readonly string[] | ((result: R, ...args: A) => readonly string[]);
  /** The part of the key that distinguishes calls. @default all arguments, in canonical form */
  key?: (...args: A) => string;
  /** The arguments name a person: the key has a pseudonym of the arguments in their place. @default false */
  private?: boolean;
  /**
   * Stores results in L1 only. For a method that costs no more than a read of L2, or whose results reach other nodes as part of a
   * cached response. @default false
   */
  inProcess?: boolean;
  /** Class of the result, or of each item of a list. Hits are restored as its instances. @default plain data */
  type?: Type;
}

/**
 * Caches the result of an async method of a provider, for calls inside the class (`this.method()`) too.
 * The caller whose call ran the method gets the returned object; every other caller gets a copy of its own. A call inside an
 * open transaction of TypeORM bypasses the cache, as it may read uncommitted data: one that follows `startTransaction()` in
 * its async context, or has a manager, repository or query runner of the transaction in an argument or a field.
 */
export function CacheQuery<A extends readonly unknown[], R>(
  options: QueryOptions<A, R> = {},
): (target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<(...args: A) => Promise<R>>) => void {
  return (target, name, descriptor) => {
    const method = descriptor.value;
    if (method) descriptor.value = watched(method, name, target.constructor.name);
    SetMetadata(CACHE_QUERY, options)(target, name, descriptor as TypedPropertyDescriptor<unknown>);
  };
}

/** The method, which reports a call that the cache cannot see. */
function watched<A extends readonly unknown[], R>(
  method: (...args: A) => R,
  name: string | symbol,
  of: string,
): (...args: A) => R {
  return wrapped(method, function (this: unknown, ...args: A): R {
    warnUnlessWired(this, name, of);
    return method.apply(this, args as never);
  });
}
