import { CACHE_MANAGER, CacheInterceptor } from '@nestjs/cache-manager';
import { CallHandler, ExecutionContext, Inject, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { CacheError } from '../../caching.errors';
import { CACHE_STACK } from '../../caching.tokens';
import type { CacheStack } from '../../core/cache-stack';
import { foundIn } from '../../core/store/entry';
import { isBehind } from '../../core/clock/cache-token';
import { EAGER } from '../../core/store/policy';
import { setCacheOutcome } from './cache-outcome';
import { handleFor, SENT } from './client';
import type { Exchange } from './exchange';
import { ExpressReply, fromExpressRequest, isExpress, type ViewReply } from './express';
import { captureResponse } from './framework-capture';
import { requests } from './response/directives';
import { compressesItself } from './response/encoding';
import { type BypassReason, bypassStatus } from './response/headers';
import type { PreparedHit } from './response/prepared-hits';
import { isSameBeside, type SharedHeaders, sharedHeaders } from './route/fast-path-eligibility';
import { negotiatedBefore } from './route/negotiated';
import type { KnownUrl } from './route/url-key-cache';
import type { ViewRoute } from './route/view-route';
import { refuseStockInterceptors } from './stock-interceptor';
import { UncachedViews } from './uncached-views';
import { ViewExplorer } from './view.explorer';
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
    const { reply } = exchange;
    const reason = this.bypassReason(exchange);
    if (reason === undefined) return this.cached(exchange, context);
    setCacheOutcome(reply.raw, 'bypass');
    if (reason === 'off') return this.uncached.respond(exchange);
    void reply.headers({ 'cache-status': bypassStatus(this.layer.name, reason), 'x-cache': 'BYPASS' });
    void reply.header('cache-control', 'private, no-store');
    return Promise.resolve(handleFor(exchange));
  }

  /** A known URL without special directives is looked up at once. */
  private cached(exchange: Exchange, context: ExecutionContext): Promise<Observable<unknown>> {
    const { route, request } = exchange;
    const known = this.layer.urls.known(route, request);
    const isPlain = known && !route.hasComputedTtl && !isBehind(this.stack.clock, request.headers);
    if (!isPlain || requests(request, 'no-cache')) return this.considered(known, exchange, context);
    return this.respond(known, false, exchange);
  }

  /** What has to be known first: the clock, the key of the URL, the TTL, whether the caller may force a reload. */
  private async considered(
    known: KnownUrl | undefined,
    exchange: Exchange,
    context: ExecutionContext,
  ): Promise<Observable<unknown>> {
    const { route, request, reply } = exchange;
    if (isBehind(this.stack.clock, request.headers)) await this.layer.catchUp(reply);
    const found = known ?? (await this.layer.urls.resolveKey(route, request));
    const isReload = requests(request, 'no-cache') && (await this.layer.mayRevalidate(request));
    const ttl = route.hasComputedTtl ? await route.computeTtl(context) : undefined;
    return this.respond(found, isReload, { ...exchange, ttl });
  }

  /** A prepared hit is sent at once, without the promises and streams that a handler's value goes through. */
  private respond(known: KnownUrl, isReload: boolean, exchange: Exchange): Promise<Observable<unknown>> {
    const { route, request, reply } = exchange;
    const user = this.layer.user(request);
    const owner = route.isPrivate && user !== undefined ? this.stack.clock.pseudonym(user) : undefined;
    const key = route.key(known.urlKey, request, owner, negotiatedBefore(reply, request, route.varyBy));
    const encodes = !compressesItself(reply);
    const isPublic = route.isNamedByUrl && encodes && user === undefined;
    const mayOpen = isPublic && !known.open && route.opening.isOpenedBy(request);
    const shared = mayOpen ? sharedHeaders(reply) : undefined;
    const { store } = this.stack;
    const early = known.open && !isReload ? this.layer.finds.of(request.raw, key) : undefined;
    const found = early && store.isFresh(early.entry) ? early : undefined;
    const entry = found?.entry ?? (isReload ? undefined : store.peek(key, EAGER));
    const tier = found?.tier === 'l2' ? 'l2' : 'l1';
    const hit =
      entry && this.layer.hits.of(entry, tier, route, encodes ? request.headers['accept-encoding'] : undefined);
    if (!hit || request.headers['if-match'] !== undefined) {
      return this.loader.respond(
        { key, hit: found ?? (entry && foundIn('l1', entry, Date.now())), isReload, known, shared },
        exchange,
      );
    }
    setCacheOutcome(reply.raw, tier);
    if (shared) openUnlessChanged(known, shared, hit, exchange);
    this.layer.responder.send(hit, request, reply);
    return RESPONDED;
  }

  private bypassReason({ route, request }: Exchange): BypassReason | undefined {
    const off = this.layer.isOn ? undefined : 'off';
    if (route.isPrivate) return this.layer.user(request) === undefined ? 'no-user' : off;
    if (route.isShared) return off;
    if (request.headers.authorization !== undefined) return 'authorization';
    if (request.headers.cookie !== undefined) return 'cookie';
    // A guard may have identified the caller by any other header.
    return this.layer.user(request) === undefined ? off : 'user';
  }
}

function expressExchange(route: ViewRoute, context: ExecutionContext, next: CallHandler): Exchange {
  const reply = new ExpressReply(context.getArgByIndex(1));
  return { route, request: fromExpressRequest(context.getArgByIndex(0)), reply, next: reply.asSent(next) };
}

/** Opens a URL to the fast path if the application's hooks leave the response of the pipeline as it is. A 304 does not show that. */
function openUnlessChanged(
  known: KnownUrl,
  shared: SharedHeaders,
  hit: PreparedHit,
  { route, request, reply }: Exchange,
): void {
  const expected = { ...shared, ...hit.ok };
  captureResponse(reply, (_serialised, current) => {
    const isWhole = reply.statusCode === 200 && current === hit.payload;
    if (isWhole && isSameBeside(reply.getHeaders(), expected)) known.open = route.opening.for(request, shared);
    return current;
  });
}
