import { CACHE_MANAGER, CacheInterceptor } from '@nestjs/cache-manager';
import { CallHandler, ExecutionContext, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { CacheError } from '../../caching.errors';
import { CACHE_STACK } from '../../caching.tokens';
import type { CacheStack } from '../../core/cache-stack';
import { isBehind } from '../../core/clock/cache-token';
import { setCacheOutcome } from './cache-outcome';
import { handleFor, SENT } from './client';
import type { Exchange } from './exchange';
import { ExpressReply, fromExpressRequest, isExpress, type ViewReply } from './express';
import { requests } from './response/directives';
import { type BypassReason, bypassStatus } from './response/headers';
import type { KnownUrl } from './route/url-key-cache';
import type { ViewRoute } from './route/view-route';
import { refuseStockInterceptors } from './stock-interceptor';
import { UncachedViews } from './uncached-views';
import { ViewExplorer } from './view.explorer';
import { ViewHits } from './view-hits';
import { ViewLayer } from './view-layer';
import { ViewLoader } from './view-loader';

const RESPONDED: Promise<Observable<never>> = Promise.resolve(SENT);

const INSIDE = 'provide it in a module that is imported after CachingModule, or by app.useGlobalInterceptors()';

/**
 * Caches whole responses of routes with `@CacheView`, and of no others. This class decides what is stored, for which
 * caller and under which key; the fast path only repeats what was decided here.
 */
@Injectable()
export class ViewInterceptor extends CacheInterceptor implements OnApplicationBootstrap {
  private readonly loader: ViewLoader;
  private readonly uncached: UncachedViews;

  constructor(
    @Inject(CACHE_MANAGER) cacheManager: unknown,
    @Inject(Reflector) reflector: Reflector,
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(ViewLayer) private readonly layer: ViewLayer,
    @Inject(ViewExplorer) private readonly routes: ViewExplorer,
    @Inject(ViewHits) private readonly hits: ViewHits,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
  ) {
    super(cacheManager, reflector);
    this.loader = new ViewLoader(stack, layer);
    this.uncached = new UncachedViews(stack, layer);
  }

  /**
   * An interceptor outside this one would work on stored bytes, and one that hides fields (ClassSerializerInterceptor) would
   * run too late: the hidden fields would be stored, and served.
   * @throws CacheError CACHE_NOT_OUTERMOST, CACHE_STOCK_INTERCEPTOR
   */
  onApplicationBootstrap(): void {
    refuseStockInterceptors(this.discovery, this.application, ViewInterceptor);
    const [outermost] = this.application.getGlobalInterceptors();
    if (outermost === undefined || outermost === this) return;
    throw new CacheError('CACHE_NOT_OUTERMOST', `${outermost.constructor.name} is outside the view cache: ${INSIDE}`);
  }

  override intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    // A handler may also serve messages, GraphQL or WebSockets: those contexts have no request to cache.
    const route = context.getType() === 'http' ? this.routes.of(context) : undefined;
    if (!route) return Promise.resolve(next.handle());
    // The same as switchToHttp(), without the object that it allocates at each call.
    const request = context.getArgByIndex<FastifyRequest>(0);
    const response = context.getArgByIndex<ViewReply>(1);
    const exchange = isExpress(response)
      ? expressExchange(route, context, next)
      : { route, request, reply: response, next };
    const reason = this.hits.bypassReason(exchange);
    if (reason === undefined) return this.cached(exchange, context);
    if (reason !== 'off') return this.bypassed(exchange, reason);
    setCacheOutcome(exchange.reply.raw, 'bypass');
    return this.uncached.respond(asSent(exchange));
  }

  private bypassed(exchange: Exchange, reason: BypassReason): Promise<Observable<unknown>> {
    const { reply } = exchange;
    setCacheOutcome(reply.raw, 'bypass');
    void reply.headers({ 'cache-status': bypassStatus(this.layer.name, reason), 'x-cache': 'BYPASS' });
    // What a guard, a hook or a decorator of the application says about storing is left as it is.
    if (reason !== 'not-cacheable') void reply.header('cache-control', 'private, no-store');
    return Promise.resolve(handleFor(exchange));
  }

  /** A known URL without special directives is looked up at once, unless the guard has done so. */
  private cached(exchange: Exchange, context: ExecutionContext): Promise<Observable<unknown>> {
    const target = this.hits.lookedUp(exchange.request);
    if (target) return this.loader.respond(target, asSent(exchange));
    const known = this.hits.knownPlain(exchange);
    return known ? this.respond(known, false, asSent(exchange)) : this.considered(exchange, context);
  }

  /** What has to be known first: the clock, the key of the URL, the TTL, whether the caller may force a reload. */
  private async considered(exchange: Exchange, context: ExecutionContext): Promise<Observable<unknown>> {
    const { route, request, reply } = exchange;
    const { urls } = this.layer;
    if (isBehind(this.stack.clock, request.headers)) await this.layer.catchUp(reply);
    const found = urls.known(route, request) ?? (await urls.resolveKey(route, request));
    if (!found) return this.bypassed(exchange, 'unkeyed');
    const isReload = requests(request, 'no-cache') && (await this.layer.mayRevalidate(request));
    const ttl = route.hasComputedTtl ? await route.computeTtl(context) : undefined;
    return this.respond(found, isReload, { ...asSent(exchange), ttl });
  }

  /** A prepared hit is sent at once, without the promises and streams that a handler's value goes through. */
  private respond(known: KnownUrl, isReload: boolean, exchange: Exchange): Promise<Observable<unknown>> {
    const target = this.hits.sendOrTarget(known, isReload, exchange);
    return target ? this.loader.respond(target, exchange) : RESPONDED;
  }
}

function expressExchange(route: ViewRoute, context: ExecutionContext, next: CallHandler): Exchange {
  const reply = new ExpressReply(context.getArgByIndex(1));
  return { route, request: fromExpressRequest(context.getArgByIndex(0)), reply, next };
}

/** The handler's value as it is sent and stored. What bypasses the cache is left to Nest's own adapter. */
function asSent(exchange: Exchange): Exchange {
  const { reply, next } = exchange;
  return reply instanceof ExpressReply ? { ...exchange, next: reply.asSent(next) } : exchange;
}
