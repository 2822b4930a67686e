import { CACHE_MANAGER, CacheInterceptor } from '@nestjs/cache-manager';
import {
  CallHandler,
  ExecutionContext,
  GatewayTimeoutException,
  Inject,
  Injectable,
  OnApplicationBootstrap,
} from '@nestjs/common';
import { ApplicationConfig, Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { NEVER, Observable, of } from 'rxjs';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { CacheError } from '../../caching.errors';
import { type CacheEntry, type CacheResult, keyTag } from '../../core/store/entry';
import { isBehind } from '../../core/clock/generation';
import { setCacheOutcome, sourceOf } from './cache-outcome';
import type { KnownUrl } from './route/url-key-cache';
import { sharedHeaders } from './route/fast-path-eligibility';
import { ExpressReply, fromExpressRequest, isExpress, type ViewReply } from './express';
import { HandlerRun } from './handler-run';
import { StoredResponse } from './response/stored-response';
import { BypassReason, bypassStatus, cacheStatus, type Verdict } from './response/headers';
import { ViewLayer } from './view-layer';
import type { ViewRoute } from './route/view-route';
import { ViewExplorer } from './view.explorer';

/** One request on its way through the interceptor. */
interface Exchange {
  readonly route: ViewRoute;
  readonly request: FastifyRequest;
  readonly reply: ViewReply;
  readonly next: CallHandler;
}

/** The answer is sent. Nest would send what this emits, or that it emits nothing: so it never ends, and is forgotten with the request. */
const SENT: Promise<Observable<never>> = Promise.resolve(NEVER);

const INSIDE = 'provide it in a module that is imported after CachingModule, or by app.useGlobalInterceptors()';

/**
 * Keeps whole answers of routes that say `@CacheView`, and of no others. It is the one place that decides what is kept, for whom
 * and under which name; the fast path only repeats what was decided here.
 */
@Injectable()
export class ViewInterceptor extends CacheInterceptor implements OnApplicationBootstrap {
  constructor(
    @Inject(CACHE_MANAGER) cacheManager: unknown,
    @Inject(Reflector) reflector: Reflector,
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(ViewLayer) private readonly layer: ViewLayer,
    @Inject(ViewExplorer) private readonly routes: ViewExplorer,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
  ) {
    super(cacheManager, reflector);
  }

  /**
   * An interceptor outside this one would work on stored bytes, and one that hides fields (ClassSerializerInterceptor) would
   * come too late: what it hides would be kept, and served.
   * @throws CacheError CACHE_NOT_OUTERMOST
   */
  onApplicationBootstrap(): void {
    const [outermost] = this.application.getGlobalInterceptors();
    if (outermost === undefined || outermost === this) return;
    throw new CacheError('CACHE_NOT_OUTERMOST', `${outermost.constructor.name} is outside the view cache: ${INSIDE}`);
  }

  override intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const route = this.routes.of(context);
    if (!route) return Promise.resolve(next.handle());
    // What switchToHttp() gives, without the object of functions that it makes at each call.
    const request = context.getArgByIndex<FastifyRequest>(0);
    const reply = context.getArgByIndex<ViewReply>(1);
    const exchange = isExpress(reply) ? expressExchange(route, context, next) : { route, request, reply, next };
    const why = this.bypassed(exchange);
    if (why === undefined) return this.cached(exchange);
    setCacheOutcome(exchange.reply.raw, 'bypass');
    if (why === 'off') return this.uncached(exchange);
    void exchange.reply.headers({ 'cache-status': bypassStatus(this.layer.name, why), 'x-cache': 'BYPASS' });
    void exchange.reply.header('cache-control', 'private, no-store');
    return Promise.resolve(next.handle());
  }

  /**
   * An edge keeps the answer under the generation that it names, so the answer must know every stamp of that. Where the clock
   * cannot be asked nobody can tell, and the edge keeps nothing.
   */
  private async catchUp(reply: ViewReply): Promise<void> {
    const asked = await this.stack.clock.now().catch(() => undefined);
    if (!asked) void reply.header('x-accel-expires', '0');
  }

  /** An address that was seen before, asked for as most ask, needs no waiting until its entry is looked for. */
  private cached(exchange: Exchange): Promise<Observable<unknown>> {
    const { route, request } = exchange;
    const known = this.layer.urls.known(route, request);
    if (!known || isBehind(this.stack.clock, request.headers) || wishes(request, 'no-cache')) {
      return this.considered(known, exchange);
    }
    return this.answered(known, false, exchange);
  }

  /** What has to be asked first: the clock, what the address means, whether the caller may have it made anew. */
  private async considered(known: KnownUrl | undefined, exchange: Exchange): Promise<Observable<unknown>> {
    const { route, request, reply } = exchange;
    if (isBehind(this.stack.clock, request.headers)) await this.catchUp(reply);
    const found = known ?? (await this.layer.urls.resolveKey(route, request));
    const isAnew = wishes(request, 'no-cache') && (await this.layer.mayRevalidate(request));
    return this.answered(found, isAnew, exchange);
  }

  /** A hit that is ready is sent at once, past the promises and streams that make an answer of what a handler returns. */
  private answered(known: KnownUrl, isAnew: boolean, exchange: Exchange): Promise<Observable<unknown>> {
    const { route, request, reply } = exchange;
    const key = route.key(known.urlKey, request, this.layer.user(request));
    const common = route.isNamedByUrl && !known.open ? sharedHeaders(reply) : undefined;
    const open = <T>(answer: T): T => {
      if (common) known.open = route.opening.for(request, common);
      return answer;
    };
    const entry = isAnew ? undefined : this.stack.store.peek(key);
    const ready = entry && this.layer.hits.of(entry, 'l1', route, request.headers['accept-encoding']);
    if (!ready) return this.made(key, entry, isAnew, exchange).then((emitted) => open(emitted));
    setCacheOutcome(reply.raw, 'l1');
    this.layer.responder.send(ready, request, reply);
    return open(SENT);
  }

  /** @param entry a hit that takes more than sending it */
  private async made(
    key: string,
    entry: CacheEntry | undefined,
    isAnew: boolean,
    exchange: Exchange,
  ): Promise<Observable<unknown>> {
    const { route, request, reply, next } = exchange;
    const rendering = new HandlerRun(next, reply, this.stack.options.negativeTtl, this.stack.dependencies);
    const result = entry ? this.stack.store.hit(entry) : await this.find(key, isAnew, rendering, exchange);
    setCacheOutcome(reply.raw, sourceOf(result));
    if (rendering.clientError) {
      void reply.headers({ 'cache-status': cacheStatus(this.layer.name, result), 'x-cache': 'MISS' });
      throw rendering.clientError;
    }
    if (rendering.uncacheable) return of(this.pass(rendering, reply));
    const { responder } = this.layer;
    return emit(reply, await responder.respond(route, responder.fromCache(result), request, reply));
  }

  private async find(
    key: string,
    isAnew: boolean,
    rendering: HandlerRun,
    { route, request, reply }: Exchange,
  ): Promise<CacheResult & Verdict> {
    const { store } = this.stack;
    if (wishes(request, 'only-if-cached')) {
      // RFC 9111 §5.2.1.7
      const result = await store.get(key);
      if (!result) void reply.header('cache-status', `${this.layer.name}; detail=only-if-cached`);
      if (!result) throw new GatewayTimeoutException('This is not cached, and only-if-cached asks for nothing else.');
      return result;
    }
    if (isAnew) await this.forget(key);
    const seen = this.layer.lookups.of(request.raw, key);
    return {
      ...(await store.getOrLoad(key, route.policy, () => rendering.load(), seen)),
      requested: isAnew,
      rescued: rendering.isRescued,
    };
  }

  /** The answer, and whatever cached part it was built from: each carries the tag of its own key. */
  private async forget(key: string): Promise<void> {
    const { store } = this.stack;
    const tags = (await store.get(key))?.entry.tags ?? [];
    const own = [keyTag(key), ...tags.filter((tag) => tag.startsWith(keyTag('')))];
    // With the clock away this process obeys all the same; the request does not fail for it.
    await store.evict(own).catch(() => undefined);
  }

  /** The layer is switched off: the same answer with the same validator, kept nowhere. */
  private async uncached({ route, request, reply, next }: Exchange): Promise<Observable<unknown>> {
    if (isBehind(this.stack.clock, request.headers)) await this.catchUp(reply);
    const rendering = new HandlerRun(next, reply, 0, this.stack.dependencies);
    const { body } = await rendering.load();
    if (rendering.clientError) throw rendering.clientError;
    if (rendering.uncacheable) return of(this.pass(rendering, reply));
    const { responder } = this.layer;
    return emit(
      reply,
      await responder.respond(route, responder.fromHandler(StoredResponse.parse(body)), request, reply),
    );
  }

  private pass({ uncacheable }: HandlerRun, reply: ViewReply): unknown {
    const status = bypassStatus(this.layer.name, 'not-cacheable');
    if (!reply.sent) void reply.headers({ 'cache-status': status, 'x-cache': 'BYPASS' });
    if (!reply.sent && !reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    return uncacheable?.value;
  }

  private bypassed({ route, request }: Exchange): BypassReason | undefined {
    const off = this.layer.isOn ? undefined : 'off';
    if (route.isPrivate) return this.layer.user(request) === undefined ? 'no-user' : off;
    if (route.isShared) return off;
    if (request.headers.authorization !== undefined) return 'authorization';
    return request.headers.cookie === undefined ? off : 'cookie';
  }
}

function wishes({ headers }: FastifyRequest, directive: 'no-cache' | 'only-if-cached'): boolean {
  return headers['cache-control']?.toLowerCase().includes(directive) ?? false;
}

function expressExchange(route: ViewRoute, context: ExecutionContext, next: CallHandler): Exchange {
  const reply = new ExpressReply(context.getArgByIndex(1));
  return { route, request: fromExpressRequest(context.getArgByIndex(0)), reply, next: reply.asSent(next) };
}

/** Gives bytes to the router. Nest has Express send a Buffer as JSON, so there they are sent at once. */
function emit(reply: ViewReply, bytes: Buffer | undefined): Observable<unknown> {
  if (!(reply instanceof ExpressReply)) return of(bytes);
  reply.send(bytes);
  return NEVER;
}
