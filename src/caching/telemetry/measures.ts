import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CacheStack } from '../cache-stack';
import { CACHE_STACK } from '../caching.constants';
import { answerOf, markAnswer } from '../view/answered';
import { History } from './history';
import { RequestTimer } from './request-timer';
import { Requests } from './requests';
import { Tally } from './tally';

/** What is counted at every hit, once, for whoever shows it: the admin routes, the console, Prometheus. */
@Injectable()
export class Measures implements OnModuleInit, OnApplicationShutdown {
  readonly tally: Tally;
  readonly history: History;
  readonly requests = new Requests();
  private readonly timer: RequestTimer;
  private readonly unread: string[] = [];

  constructor(
    @Inject(CACHE_STACK) stack: CacheStack,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    this.tally = new Tally(stack.events);
    this.history = new History(this.tally);
    this.timer = new RequestTimer(
      () => host.httpAdapter.getHttpServer() as unknown,
      (request, response, ms) => this.add(request, response, ms),
    );
  }

  /** Who looks at the cache is no reader of it. @param paths without a leading slash; what begins so is not measured */
  ignore(paths: readonly string[]): void {
    this.unread.push(...paths.map((path) => `/${path}`));
  }

  /** The framework knows which route it is, and nobody else does. In front of it, the fast path says so itself. */
  onModuleInit(): void {
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | null;
    const server: unknown = adapter?.getInstance();
    if (!isFastify(server)) return;
    server.addHook('onRequest', (request, reply, done) => {
      markAnswer(reply.raw, { route: request.routeOptions.url ?? 'none', by: 'none' });
      done();
    });
  }

  onApplicationShutdown(): void {
    for (const part of [this.timer, this.history, this.tally]) part.close();
  }

  private add(request: IncomingMessage, response: ServerResponse, ms: number): void {
    const { url = '', method = '' } = request;
    for (const path of this.unread) if (url.startsWith(path)) return;
    this.history.addRequest(ms);
    this.requests.add(method, response.statusCode, answerOf(response), ms);
  }
}

function isFastify(server: unknown): server is FastifyInstance {
  return typeof server === 'object' && server !== null && 'addHook' in server;
}
