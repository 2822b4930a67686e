import { type ExecutionContext, Inject, Injectable, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { CACHE_VIEW, type ViewOptions } from './cache-view.decorator';
import { ViewLayer } from './view-layer';
import { constraintsOf, type Handler, ViewRoute } from './route/view-route';

/** Every route with `@CacheView`, found at start, so that one that cannot be cached is refused then and not by its first caller. */
@Injectable()
export class ViewExplorer implements OnApplicationBootstrap {
  /** By controller too: one that inherits a handler may have guards of its own. */
  private readonly routes = new Map<unknown, Map<unknown, ViewRoute>>();

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ViewLayer) private readonly layer: ViewLayer,
  ) {}

  /** @throws CacheError CACHE_OPTIONS */
  onApplicationBootstrap(): void {
    let isConstrained = false;
    for (const { metatype } of this.discovery.getControllers()) {
      const prototype = metatype?.prototype as Record<string, Handler> | undefined;
      if (!prototype) continue;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        this.add(metatype as Type, prototype[name]);
        isConstrained ||= constraintsOf(prototype[name]) !== undefined;
      }
    }
    // One address may lead to such a route or, from another host, to its neighbour.
    if (!isConstrained) this.layer.putInFront();
  }

  of(context: ExecutionContext): ViewRoute | undefined {
    return this.routes.get(context.getClass())?.get(context.getHandler());
  }

  private add(controller: Type, handler: Handler | undefined): void {
    const options = handler && this.reflector.get<ViewOptions | undefined>(CACHE_VIEW, handler);
    if (!options) return;
    const ofController = this.routes.get(controller) ?? new Map<unknown, ViewRoute>();
    this.routes.set(
      controller,
      ofController.set(handler, new ViewRoute(controller, handler, options, this.layer.pipe, this.layer.edges)),
    );
  }
}
