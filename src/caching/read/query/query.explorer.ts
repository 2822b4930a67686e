import 'reflect-metadata';
import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { CacheError } from '../../caching.errors';
import { CACHE_QUERY } from './cache-query.decorator';
import { type AnyQueryOptions, CachedMethod } from './cached-method';
import { isInTransaction } from './in-transaction';
import { noteWired } from './wired-methods';
import { wrapped } from './wrapped';

type Instance = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Finds every `@CacheQuery` method at start and puts the cache in front of it. The decorator only sets metadata. */
@Injectable()
export class QueryExplorer implements OnModuleInit {
  private readonly names = new Map<string, unknown>();

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
  ) {}

  /** @throws CacheError CACHE_QUERY_SCOPE */
  onModuleInit(): void {
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const prototype: unknown = wrapper.isDependencyTreeStatic()
        ? prototypeOf(wrapper.instance)
        : wrapper.metatype?.prototype;
      if (typeof prototype !== 'object' || prototype === null) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) this.wire(wrapper, prototype as Instance, name);
    }
  }

  private wire(wrapper: InstanceWrapper, prototype: Instance, name: string): void {
    const method = prototype[name];
    const options = method && this.reflector.get<AnyQueryOptions | undefined>(CACHE_QUERY, method);
    if (!method || !options) return;
    const instance = wrapper.instance as Instance;
    const fullName = `${String(wrapper.name)}.${name}`;
    // Its arguments are requests and responses, which are no key, and what it writes to a response is no result.
    if (Reflect.hasMetadata(PATH_METADATA, method))
      throw scopeError(`${fullName} is a route handler: use @CacheView, or move the query to a provider`);
    // Instances created for each request or each injection cannot be wrapped: their calls would silently bypass the cache.
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
      throw scopeError(`${fullName} is on a provider of request or transient scope`);
    // An object under two tokens (useExisting) is found twice.
    if (this.names.get(fullName) === instance || Object.hasOwn(instance, name)) return;
    if (this.names.has(fullName)) throw scopeError(`there are two methods called ${fullName}`);
    this.names.set(fullName, instance);
    noteWired(instance, name);

    const cached = new CachedMethod(this.stack, fullName, options);
    const value = wrapped(method, function (this: Instance, ...args: unknown[]) {
      // A copy made with Object.create reads by members of its own, such as a manager, of which the key says nothing.
      const isCopy = this !== instance && Object.prototype.isPrototypeOf.call(instance, this);
      const self = isCopy ? this : instance;
      return cached.call((...given) => method.apply(self, given), args, isCopy || readsInTransaction(instance));
    });
    // Defined on the instance, so that `this.method()` inside the class uses the cache too.
    Object.defineProperty(instance, name, { value, configurable: true, writable: true });
  }
}

function prototypeOf(instance: unknown): unknown {
  return typeof instance === 'object' && instance !== null ? Object.getPrototypeOf(instance) : undefined;
}

/** The provider itself, or what one of its fields holds. */
function readsInTransaction(instance: Instance): boolean {
  return isInTransaction(instance) || Object.values(instance).some(isInTransaction);
}

function scopeError(why: string): CacheError {
  return new CacheError('CACHE_QUERY_SCOPE', `@CacheQuery: ${why}`);
}
