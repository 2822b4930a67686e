import { Inject, Injectable, OnModuleInit, PipeTransform, ValidationPipe } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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
  private opened = false;
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
    this.openFastPath();
  }

  /** Where no adapter was there yet (Test.createTestingModule). */
  onModuleInit(): void {
    this.openFastPath();
  }

  /** As early as can be: hooks run in the order they are added, and a hit needs none of the others. */
  private openFastPath(): void {
    const adapter = this.adapterHost.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
    if (!this.isOn || this.opened || adapter?.getType() !== 'fastify') return;
    this.opened = true;
    const fastPath = new FastPath(this.stack.store, this.urls, this.name);
    adapter
      .getInstance<FastifyInstance>()
      .addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
        if (!fastPath.answer(request, reply)) done();
      });
  }
}
