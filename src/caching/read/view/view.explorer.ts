import { type ExecutionContext, Inject, Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { CacheKey, CacheTTL } from '@nestjs/cache-manager';
import { CacheError } from '../../caching.errors';
import { CACHE_VIEW, type ViewOptions } from './cache-view.decorator';
import { ViewLayer } from './view-layer';
import { guardsOf } from './route/fast-path-eligibility';
import { type HandlerOf, nameOf } from './route/handler-of';
import { type ComputedTtl, constraintsOf, ViewRoute } from './route/view-route';
import { ViewGuard } from './view.guard';

/** Where Nest's decorators keep what they are given. The package exports no names for these. */
const CACHE_KEY = metadataKeyOf(CacheKey(''));
const CACHE_TTL = metadataKeyOf(CacheTTL(0));

/** Finds every route with `@CacheView` at start, so that one that cannot be cached is refused before its first request. */
@Injectable()
export class ViewExplorer implements OnApplicationBootstrap {
  /** By controller too: a subclass that inherits a handler may have its own guards. */
  private readonly routes = new Map<unknown, Map<unknown, ViewRoute>>();

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ViewLayer) private readonly layer: ViewLayer,
  ) {
    // Nest reads the guards of a route when it registers it, before any lifecycle hook.
    for (const { handler } of this.handlers()) putViewGuardLast(handler);
  }

  /** @throws CacheError CACHE_OPTIONS */
  onApplicationBootstrap(): void {
    let isConstrained = false;
    for (const method of this.handlers()) {
      this.add(method);
      isConstrained ||= constraintsOf(method.handler) !== undefined;
    }
    this.layer.finishResponses();
    // With a constraint one URL may lead to different routes.
    if (!isConstrained) this.layer.putInFront();
  }

  of(context: ExecutionContext): ViewRoute | undefined {
    return this.routes.get(context.getClass())?.get(context.getHandler());
  }

  /** Every method of every controller. */
  private *handlers(): Generator<HandlerOf> {
    for (const { metatype } of this.discovery.getControllers()) {
      const prototype = metatype?.prototype as Record<string, HandlerOf['handler']> | undefined;
      if (!prototype) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (handler) yield { controller: metatype as Type, property: name, handler };
      }
    }
  }

  private add(method: HandlerOf): void {
    const { controller, handler } = method;
    const options = this.reflector.get<ViewOptions | undefined>(CACHE_VIEW, handler);
    const ttl = this.stockOptions(method, options !== undefined);
    if (!options) return;
    const context = { versionHeaders: this.layer.versionHeaders ?? ['*'], ttl };
    const ofController = this.routes.get(controller) ?? new Map<unknown, ViewRoute>();
    this.routes.set(
      controller,
      ofController.set(handler, new ViewRoute(method, options, this.layer.pipe, this.layer.edges, context)),
    );
  }

  /**
   * Decorators of @nestjs/cache-manager: `@CacheTTL` is honoured, `@CacheKey` would give every parameter one key.
   * @throws CacheError CACHE_OPTIONS
   */
  private stockOptions(method: HandlerOf, isView: boolean): number | ComputedTtl | undefined {
    const { controller, handler } = method;
    const name = nameOf(method);
    const key: unknown = this.reflector.getAllAndOverride(CACHE_KEY, [handler, controller]);
    if (key !== undefined) {
      throw new CacheError('CACHE_OPTIONS', `@CacheKey on ${name}: a view's key comes from its parameters; remove it`);
    }
    const own = this.reflector.get<number | ComputedTtl | undefined>(CACHE_TTL, handler);
    if (own !== undefined && !isView) {
      throw new CacheError('CACHE_OPTIONS', `@CacheTTL on ${name} has no effect without @CacheView: add it`);
    }
    return own ?? this.reflector.get<number | ComputedTtl | undefined>(CACHE_TTL, controller);
  }
}

/** `@UseGuards` above `@CacheView` adds its guards behind ours. No hit may be sent before they have run. */
function putViewGuardLast(handler: HandlerOf['handler']): void {
  const guards = guardsOf(handler);
  if (!guards.includes(ViewGuard) || guards.at(-1) === ViewGuard) return;
  Reflect.defineMetadata(GUARDS_METADATA, [...guards.filter((guard) => guard !== ViewGuard), ViewGuard], handler);
}

function metadataKeyOf(decorate: MethodDecorator): string {
  const value = (): void => undefined;
  decorate({}, '', { value });
  return Reflect.getMetadataKeys(value)[0] as string;
}
