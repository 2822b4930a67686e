import { Inject, Injectable, Optional, PipeTransform, ValidationPipe } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { EDGE_HEADERS, EdgeHeaders } from '../../edge/edge-headers';
import { FastPath } from './fast-path';
import { UrlKeyCache } from './route/url-key-cache';
import { L2Lookups } from './l2-lookups';
import { PreparedHits } from './response/prepared-hits';
import { userOf } from './view-settings';
import { cacheName } from './response/headers';
import { Responder } from './responder';

/** What the interceptor and the fast path share, and their place in the application. */
@Injectable()
export class ViewLayer {
  readonly urls = new UrlKeyCache();
  readonly lookups: L2Lookups;
  readonly hits: PreparedHits;
  readonly responder: Responder;
  readonly pipe: PipeTransform;
  readonly isOn: boolean;
  /** This cache's name in Cache-Status. */
  readonly name: string;
  readonly user: (request: FastifyRequest) => string | undefined;
  readonly mayRevalidate: (request: FastifyRequest) => boolean | Promise<boolean>;

  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
    /** Without EdgeModule nobody is purged, so edges keep answers for a moment only. */
    @Optional() @Inject(EDGE_HEADERS) readonly edges: EdgeHeaders = EdgeHeaders.of(),
  ) {
    const { layers, prefix, view } = stack.options;
    this.isOn = layers.includes('view');
    this.name = cacheName(prefix);
    this.pipe = view.validate ?? new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });
    this.user = view.user ?? userOf;
    this.mayRevalidate = view.mayRevalidate ?? (() => false);
    this.lookups = new L2Lookups(stack.store);
    this.hits = new PreparedHits(this.name);
    this.responder = new Responder(
      this.name,
      (entry, encoding, bytes) => stack.store.addVariant(entry, encoding, bytes),
      (entry) => stack.store.isFresh(entry),
    );
  }

  /**
   * Puts the fast path in front of whatever handles requests. Where the version of a route is in a header or made up by a function,
   * one address has several answers, and there is no fast path.
   */
  putInFront(): void {
    // No adapter, no server: the context of a worker or a command.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | null;
    const server = adapter?.getHttpServer() as Server | undefined;
    // In front of Express its middleware would be passed by.
    if (!this.isOn || !server || adapter?.getType() !== 'fastify') return;
    if (this.application.getVersioning()?.type !== undefined) return;
    const { store, clock, events } = this.stack;
    const fastPath = new FastPath(store, clock, this.urls, this.hits, this.lookups, events);
    const handlers = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      fastPath.handle(request, response, () => {
        for (const handle of handlers) handle(request, response);
      });
    });
  }
}
