import type { IncomingMessage } from 'node:http';
import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CACHE_STACK } from '../../caching.tokens';
import type { CacheStack } from '../../core/cache-stack';
import { isBehind } from '../../core/clock/cache-token';
import { type CacheEntry, foundIn, type Tier } from '../../core/store/entry';
import { EAGER } from '../../core/store/policy';
import { isHeadRepeatable, isSeenByHooks } from './application-hooks';
import { setCacheOutcome } from './cache-outcome';
import type { Exchange } from './exchange';
import { ExpressReply, isExpress, type ViewReply } from './express';
import { captureResponse } from './framework-capture';
import { requests } from './response/directives';
import { compressesItself } from './response/encoding';
import type { BypassReason } from './response/headers';
import type { PreparedHit } from './response/prepared-hits';
import { forbidsToStore } from './response/storable';
import { sharedHeaders } from './route/fast-path-eligibility';
import { negotiatedBefore } from './route/negotiated';
import type { KnownUrl } from './route/url-key-cache';
import { ViewExplorer } from './view.explorer';
import type { EarlyResponder } from './view.guard';
import { ViewLayer } from './view-layer';
import { opens, type Target } from './view-loader';
import { isIdentified } from './view-settings';

type Request = Omit<Exchange, 'next'>;

/** Looks a request up in this process, and sends the response that is prepared. For the guard, and for the interceptor behind it. */
@Injectable()
export class ViewHits implements EarlyResponder {
  /** What the guard looked up and did not send. The store is not read again, nor does a hit count a second time. */
  private readonly lookups = new WeakMap<IncomingMessage, Target>();
  private readonly isStrict: boolean;

  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(ViewLayer) private readonly layer: ViewLayer,
    @Inject(ViewExplorer) private readonly routes: ViewExplorer,
  ) {
    this.isStrict = stack.options.consistency === 'strict';
  }

  respond(context: ExecutionContext): boolean | Promise<boolean> {
    const route = context.getType() === 'http' ? this.routes.of(context) : undefined;
    const reply = context.getArgByIndex<ViewReply>(1);
    if (!route?.mayRespondEarly || isExpress(reply)) return false;
    const request: Request = { route, request: context.getArgByIndex<FastifyRequest>(0), reply };
    const known = this.bypassReason(request) === undefined ? this.knownPlain(request) : undefined;
    if (!known) return false;
    const target = this.sendOrTarget(known, false, request);
    if (!target) return true;
    const isWorthQuery = this.isStrict && !target.hit && !this.layer.finds.isMiss(request.request.raw);
    const confirming = isWorthQuery ? this.stack.store.confirm(target.key, EAGER) : undefined;
    if (confirming) return confirming.then((found) => this.sendConfirmed({ ...target, hit: found }, request));
    this.lookups.set(request.request.raw, target);
    return false;
  }

  /** The clock was queried for a hit of L1. */
  private sendConfirmed(target: Target, request: Request): boolean {
    const hit = target.hit && this.prepared(target.hit.entry, 'l1', request);
    if (!hit) {
      this.lookups.set(request.request.raw, target);
      return false;
    }
    this.send(hit, target, request);
    return true;
  }

  /** What the guard looked up for this request. */
  lookedUp({ raw }: FastifyRequest): Target | undefined {
    return this.lookups.get(raw);
  }

  /** The known URL of a request without special directives. */
  knownPlain({ route, request }: Request): KnownUrl | undefined {
    const known = this.layer.urls.known(route, request);
    const isPlain = known && !route.hasComputedTtl && !isBehind(this.stack.clock, request.headers);
    return isPlain && !requests(request, 'no-cache') ? known : undefined;
  }

  /** Sends a prepared hit. @returns undefined when it was sent; otherwise where the response may be */
  sendOrTarget(known: KnownUrl, isReload: boolean, exchange: Request): Target | undefined {
    const { route, request, reply } = exchange;
    const user = this.layer.user(request);
    const owner = route.isPrivate && user !== undefined ? this.stack.clock.pseudonym(user) : undefined;
    const key = route.key(known.urlKey, request, owner, negotiatedBefore(reply, request, route.varyBy));
    const isPublic = route.isNamedByUrl && !compressesItself(reply) && user === undefined;
    const mayOpen = isPublic && !known.open && route.opening.isOpenedBy(request);
    const shared = mayOpen ? sharedHeaders(reply) : undefined;
    const { store } = this.stack;
    const early = known.open && !isReload ? this.layer.finds.of(request.raw, key) : undefined;
    const found = early && store.isFresh(early.entry) ? early : undefined;
    const entry = found?.entry ?? (isReload ? undefined : store.peek(key, EAGER));
    const tier = found?.tier === 'l2' ? 'l2' : 'l1';
    const hit = entry && this.prepared(entry, tier, exchange);
    if (!hit) return { key, hit: found ?? (entry && foundIn('l1', entry, Date.now())), isReload, known, shared };
    this.send(hit, { known, shared }, exchange);
    return undefined;
  }

  /** Undefined for a response that has to be made first. */
  private prepared(entry: CacheEntry, tier: Tier, { route, request, reply }: Request): PreparedHit | undefined {
    if (request.headers['if-match'] !== undefined) return undefined;
    const accepted = compressesItself(reply) ? undefined : request.headers['accept-encoding'];
    return this.layer.hits.of(entry, tier, route, accepted);
  }

  private send(hit: PreparedHit, { known, shared }: Pick<Target, 'known' | 'shared'>, exchange: Request): void {
    const { reply } = exchange;
    setCacheOutcome(reply.raw, hit.tier);
    // Only the framework shows what hooks do with the response, so this one goes through all of it.
    const open = opens({ known, shared }, exchange);
    if (open && !isSeenByHooks(reply)) openUnlessChanged(open, { ...shared, ...hit.ok }, hit, reply);
    this.layer.responder.send(hit, exchange, open);
  }

  bypassReason({ route, request, reply }: Request): BypassReason | undefined {
    const isReplaced = reply instanceof ExpressReply && reply.isReplaced;
    if (isReplaced || forbidsToStore(reply.getHeader('cache-control'), route)) return 'not-cacheable';
    const off = this.layer.isOn ? undefined : 'off';
    if (route.isPrivate) return this.layer.user(request) === undefined ? 'no-user' : off;
    if (route.isShared) return off;
    if (request.headers.authorization !== undefined) return 'authorization';
    if (request.headers.cookie !== undefined) return 'cookie';
    // A guard may have identified the caller by any other header.
    return isIdentified(request, this.layer.user) ? 'user' : off;
  }
}

/** Opens a URL to the fast path if the response of the pipeline is as it was prepared. A 304 does not show that. */
function openUnlessChanged(open: () => void, expected: object, hit: PreparedHit, reply: ViewReply): void {
  captureResponse(reply, (_serialised, current) => {
    const isWhole = reply.statusCode === 200 && current === hit.payload;
    if (isWhole && isHeadRepeatable(reply, { ...expected })) open();
    return current;
  });
}
