import { CacheInterceptor } from '@nestjs/cache-manager';
import type { Type } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/constants';
import type { ApplicationConfig, DiscoveryService } from '@nestjs/core';
import { CacheError } from '../../caching.errors';

/**
 * Nest's own CacheInterceptor keys by URL alone: it is stale after every write, and serves one user's response to another.
 * So it is refused wherever it can be declared: globally, on a controller, or on a handler.
 * @param own the subclass that is this cache @throws CacheError CACHE_STOCK_INTERCEPTOR
 */
export function refuseStockInterceptors(
  discovery: DiscoveryService,
  application: ApplicationConfig,
  own: Type<CacheInterceptor>,
): void {
  const isStock = (interceptor: unknown): boolean => typeOf(interceptor) !== own && extendsStock(typeOf(interceptor));
  const globals = [
    ...application.getGlobalInterceptors(),
    ...application.getGlobalRequestInterceptors().map(({ metatype }) => metatype),
  ];
  if (globals.some(isStock)) throw refusal('the application');
  for (const { metatype } of discovery.getControllers()) {
    if (!metatype) continue;
    if (declared(metatype).some(isStock)) throw refusal(metatype.name);
    const prototype = metatype.prototype as object;
    for (const name of methodNames(prototype)) {
      const handler = Reflect.get(prototype, name) as object;
      if (declared(handler).some(isStock)) throw refusal(`${metatype.name}.${name}`);
    }
  }
}

function declared(target: object): readonly unknown[] {
  return (Reflect.getMetadata(INTERCEPTORS_METADATA, target) ?? []) as unknown[];
}

/** Declared as a class or as an instance. */
function typeOf(interceptor: unknown): unknown {
  return typeof interceptor === 'function' ? interceptor : (interceptor as object | null)?.constructor;
}

/** Subclasses of the stock interceptor have its faults too. */
function extendsStock(type: unknown): boolean {
  return type === CacheInterceptor || (typeof type === 'function' && type.prototype instanceof CacheInterceptor);
}

function methodNames(prototype: object): string[] {
  const names: string[] = [];
  for (let level = prototype; level !== Object.prototype; level = Object.getPrototypeOf(level) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (name !== 'constructor' && typeof value === 'function') names.push(name);
    }
  }
  return names;
}

function refusal(where: string): CacheError {
  return new CacheError(
    'CACHE_STOCK_INTERCEPTOR',
    `CacheInterceptor of @nestjs/cache-manager on ${where} caches by URL alone and is never invalidated: ` +
      'remove it, and put @CacheView() on the routes to cache',
  );
}
