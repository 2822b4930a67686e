import { Inject, Injectable, OnModuleInit, PipeTransform, ValidationPipe } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import type { CacheStack } from '../cache-stack';
import { CACHE_STACK } from '../caching.constants';
import { FastPath } from './fast-path';
import { KnownUrls } from './known-urls';
import { userOf } from './view-settings';
import { cacheName } from './view-headers';
import { ViewResponder } from './view-responder';

/** What the interceptor and the fast path share, and their place in the application. */
@Injectable()
export class ViewLayer implements OnModuleInit {
  readonly urls = new KnownUrls();

  readonly responder: ViewResponder;
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
  ) {
    const { layers, prefix, view } = stack.options;
    this.isOn = layers.includes('view');
    this.name = cacheName(prefix);
    this.pipe = view.validate ?? new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });
    this.user = view.user ?? userOf;
    this.mayRevalidate = view.mayRevalidate ?? (() => false);
    this.responder = new ViewResponder(this.name, (entry, encoding, bytes) =>
      stack.store.addVariant(entry, encoding, bytes),
    );
  }

  /**
   * Puts the fast path in front of whatever handles requests. Where the version of a route is in a header or made up by a function,
   * one address has several answers, and there is no fast path.
   */
  onModuleInit(): void {
    // No adapter, no server: the context of a worker or a command.
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | null;
    const server = adapter?.getHttpServer() as Server | undefined;
    if (!this.isOn || !server || this.application.getVersioning()?.type !== undefined) return;
    const fastPath = new FastPath(this.stack.store, this.urls, this.name, this.stack.events);
    const handlers = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (request, response) => {
      if (fastPath.answer(request, response)) return;
      for (const handle of handlers) handle(request, response);
    });
  }
}
