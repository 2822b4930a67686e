import { Inject, Injectable, Optional, PipeTransform, VersioningType } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import type { CacheStack } from '../../core/cache-stack';
import { catchUp } from '../../core/clock/cache-token';
import { CACHE_STACK } from '../../caching.tokens';
import { EDGE_HEADERS, EdgeHeaders } from '../../edge/edge-headers';
import { ApplicationPipes } from './application-pipes';
import type { ViewReply } from './express';
import { FastPath } from './fast-path';
import { finishResponses, readSerialised } from './framework-capture';
import { UrlKeyCache } from './route/url-key-cache';
import { EarlyFinds } from './early-finds';
import { PortableHeaders } from './response/portable-headers';
import { PreparedHits } from './response/prepared-hits';
import { userOf } from './view-settings';
import { cacheName } from './response/headers';
import { Responder } from './responder';

/** What the interceptor and the fast path share, and where they are attached to the application. */
@Injectable()
export class ViewLayer {
  readonly urls = new UrlKeyCache();
  readonly finds = new EarlyFinds();
  readonly hits: PreparedHits;
  readonly responder: Responder;
  readonly portable: PortableHeaders;
  readonly pipe: PipeTransform;
  readonly isOn: boolean;
  /** Name of this cache in Cache-Status. */
  readonly name: string;
  readonly user: (request: FastifyRequest) => string | undefined;
  readonly mayRevalidate: (request: FastifyRequest) => boolean | Promise<boolean>;
  private readonly readsSerialised: boolean;

  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
    /** Without EdgeModule no edge is purged, so edges may store responses for a moment only. */
    @Optional() @Inject(EDGE_HEADERS) readonly edges: EdgeHeaders = EdgeHeaders.of(),
  ) {
    const { layers, prefix, view } = stack.options;
    this.isOn = layers.includes('view');
    this.name = cacheName(prefix);
    this.pipe = view.validate ?? new ApplicationPipes(application);
    this.user = view.user ?? userOf;
    this.mayRevalidate = view.mayRevalidate ?? (() => false);
    this.portable = new PortableHeaders(view.headers ?? [], stack.options.isSigned);
    stack.readable.require('view:', (entry) => this.portable.isReadable(entry));
    this.hits = new PreparedHits(this.name);
    this.responder = new Responder(
      this.name,
      (entry, encoding, bytes) => stack.store.addVariant(entry, encoding, bytes),
      (entry) => stack.store.isFresh(entry),
    );
    // As early as possible: hooks that the application adds later must not transform the bytes before they are read.
    const fastify = this.fastify();
    if (fastify) readSerialised(fastify);
    this.readsSerialised = fastify !== undefined;
  }

  /**
   * The response must not be older than the request's token. While the clock cannot be queried, no edge may store it either: an edge
   * would take it for as new as the purge whose token the edge sent.
   */
  async catchUp(reply: ViewReply): Promise<void> {
    if (!(await catchUp(this.stack.clock, this.stack.options))) void reply.header('x-accel-expires', '0');
  }

  /** Request headers by which the router selects a version; undefined where a function may use any header. */
  get versionHeaders(): readonly string[] | undefined {
    const versioning = this.application.getVersioning();
    switch (versioning?.type) {
      case undefined:
      case VersioningType.URI:
        return [];
      case VersioningType.HEADER:
        return [versioning.header.toLowerCase()];
      case VersioningType.MEDIA_TYPE:
        return ['accept'];
      case VersioningType.CUSTOM:
        return undefined;
    }
  }

  /** Registers the last onSend hook: call it once the application has registered its own. */
  finishResponses(): void {
    const fastify = this.fastify();
    if (!fastify) return;
    if (!this.readsSerialised) readSerialised(fastify);
    finishResponses(fastify);
  }

  private fastify(): FastifyInstance | undefined {
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | null;
    const server: unknown = adapter?.getInstance();
    return typeof server === 'object' && server !== null && 'addHook' in server
      ? (server as FastifyInstance)
      : undefined;
  }

  /**
   * Puts the fast path in front of the server's request listeners. Where a header selects the version of a route, one URL
   * has several responses, and there is no fast path.
   */
  putInFront(): void {
    // A worker or a command has no adapter, and no server.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | null;
    const server = adapter?.getHttpServer() as Server | undefined;
    // In front of Express its middleware would be bypassed.
    if (!this.isOn || !server || adapter?.getType() !== 'fastify' || this.versionHeaders?.length !== 0) return;
    const { store, events, redis, options } = this.stack;
    const from = options.consistency === 'strict' ? 'l1-confirmed' : redis ? 'l1-and-l2' : 'l1';
    const fastPath = new FastPath(store, this.urls, this.hits, this.finds, from, events);
    const handlers = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      fastPath.handle(request, response, () => {
        for (const handle of handlers) handle(request, response);
      });
    });
  }
}
