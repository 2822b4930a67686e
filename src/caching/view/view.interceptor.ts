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
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Observable, of } from 'rxjs';
import type { CacheStack } from '../cache-stack';
import { CACHE_STACK } from '../caching.constants';
import { CacheError } from '../caching.errors';
import { type CacheResult, keyTag } from '../store/entry';
import { noteSource, sourceOf } from './answered';
import type { KnownUrl } from './known-urls';
import { commonHeaders } from './opening';
import { Rendering } from './rendering';
import { ViewAnswer } from './view-answer';
import { BypassReason, bypassStatus, cacheStatus, type Verdict } from './view-headers';
import { ViewLayer } from './view-layer';
import type { ViewRoute } from './view-route';
import { ViewRoutes } from './view-routes';

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
    @Inject(ViewRoutes) private readonly routes: ViewRoutes,
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

  override async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const route = this.routes.of(context);
    if (!route) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const why = this.bypassed(route, request);
    if (why !== undefined) noteSource(reply.raw, 'bypass');
    if (why === undefined) return of(await this.cached(route, request, reply, next));
    if (why === 'off') return of(await this.uncached(route, request, reply, next));
    void reply.headers({ 'cache-status': bypassStatus(this.layer.name, why), 'x-cache': 'BYPASS' });
    void reply.header('cache-control', 'private, no-store');
    return next.handle();
  }

  private async cached(
    route: ViewRoute,
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    const rendering = new Rendering(next, reply, this.stack.options.negativeTtl, this.stack.scope);
    const known = this.remembered(request) ?? (await this.locate(route, request));
    const common = route.isNamedByUrl && !known.open ? commonHeaders(reply) : undefined;
    const key = route.key(known.urlKey, request, this.layer.user(request));
    const result = await this.find(key, route, rendering, request, reply);
    noteSource(reply.raw, sourceOf(result));
    if (rendering.refusal) {
      void reply.headers({ 'cache-status': cacheStatus(this.layer.name, result), 'x-cache': 'MISS' });
      throw rendering.refusal;
    }
    if (rendering.passed) return this.pass(rendering, reply);
    const { responder } = this.layer;
    const body = await responder.respond(route, responder.fromCache(result), request, reply);
    if (common) known.open = route.opening.for(request, common);
    return body;
  }

  private async find(
    key: string,
    route: ViewRoute,
    rendering: Rendering,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<CacheResult & Verdict> {
    const { store } = this.stack;
    const wish = request.headers['cache-control']?.toLowerCase();
    if (wish?.includes('only-if-cached')) {
      // RFC 9111 §5.2.1.7
      const result = await store.get(key);
      if (!result) void reply.header('cache-status', `${this.layer.name}; detail=only-if-cached`);
      if (!result) throw new GatewayTimeoutException('This is not cached, and only-if-cached asks for nothing else.');
      return result;
    }
    const requested = wish?.includes('no-cache') === true && (await this.layer.mayRevalidate(request));
    if (requested) await this.forget(key);
    return {
      ...(await store.getOrLoad(key, route.policy, () => rendering.load())),
      requested,
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
  private async uncached(
    route: ViewRoute,
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    const rendering = new Rendering(next, reply, 0, this.stack.scope);
    const { body } = await rendering.load();
    if (rendering.refusal) throw rendering.refusal;
    if (rendering.passed) return this.pass(rendering, reply);
    const { responder } = this.layer;
    return responder.respond(route, responder.fromHandler(ViewAnswer.parse(body)), request, reply);
  }

  private pass({ passed }: Rendering, reply: FastifyReply): unknown {
    const status = bypassStatus(this.layer.name, 'not-cacheable');
    if (!reply.sent) void reply.headers({ 'cache-status': status, 'x-cache': 'BYPASS' });
    if (!reply.sent && !reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    return passed?.value;
  }

  /** Which entry an address means: read through the DTO the first time, from memory from then on. */
  private remembered(request: FastifyRequest): KnownUrl | undefined {
    const known = this.layer.urls.get(request.raw.url ?? '');
    return known?.handler === request.routeOptions.handler ? known : undefined;
  }

  private async locate(route: ViewRoute, request: FastifyRequest): Promise<KnownUrl> {
    const { url: pattern = '', handler } = request.routeOptions;
    const known = { route, handler, pattern, urlKey: await route.keyOfUrl(request) };
    this.layer.urls.remember(request.raw.url ?? '', known);
    return known;
  }

  private bypassed(route: ViewRoute, request: FastifyRequest): BypassReason | undefined {
    const off = this.layer.isOn ? undefined : 'off';
    if (route.isPrivate) return this.layer.user(request) === undefined ? 'no-user' : off;
    if (route.isShared) return off;
    if (request.headers.authorization !== undefined) return 'authorization';
    return request.headers.cookie === undefined ? off : 'cookie';
  }
}
