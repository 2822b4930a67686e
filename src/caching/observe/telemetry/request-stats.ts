import { IncomingMessage } from 'node:http';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { cacheOutcomeOf } from '../../read/view/cache-outcome';
import { History } from './history';
import { Requests } from './requests';
import { OutcomeCounters } from './outcome-counters';

/** What the router calls what it knows no route for. */
const NO_ROUTE = 'none';

/** What is counted at every hit, once, for whoever shows it: the admin routes, the console, Prometheus. */
@Injectable()
export class RequestStats implements OnModuleInit, OnApplicationShutdown {
  readonly tally: OutcomeCounters;
  readonly history: History;
  readonly requests = new Requests();
  private readonly unread: string[] = [];
  private readonly stopListening: () => void;

  constructor(
    @Inject(CACHE_STACK) { events }: CacheStack,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    this.tally = new OutcomeCounters(events);
    this.history = new History(this.tally);
    this.stopListening = events.on('answered', (route, tier, status, ms) => {
      this.history.addRequest(ms);
      this.requests.add('GET', route, status, tier, ms);
    });
  }

  /** Who looks at the cache is no reader of it. @param paths without a leading slash; what begins so is not measured */
  ignore(paths: readonly string[]): void {
    this.unread.push(...paths.map((path) => `/${path}`));
  }

  /** What is not answered in front of the framework is timed by it. */
  onModuleInit(): void {
    const adapter = this.host.httpAdapter as HttpAdapterHost['httpAdapter'] | null;
    const server: unknown = adapter?.getInstance();
    if (!isFastify(server)) return;
    server.addHook('onResponse', (request, reply, done) => {
      this.add(request, reply);
      done();
    });
  }

  onApplicationShutdown(): void {
    this.stopListening();
    this.history.close();
    this.tally.close();
  }

  private add({ raw, method, routeOptions }: FastifyRequest, reply: FastifyReply): void {
    // Nobody sent it: the process asks itself, to warm the cache.
    if (!(raw instanceof IncomingMessage)) return;
    const route = routeOptions.url ?? NO_ROUTE;
    if (this.unread.some((path) => route.startsWith(path))) return;
    const ms = reply.elapsedTime;
    this.history.addRequest(ms);
    this.requests.add(method, route, reply.statusCode, cacheOutcomeOf(reply.raw), ms);
  }
}

function isFastify(server: unknown): server is FastifyInstance {
  return typeof server === 'object' && server !== null && 'addHook' in server;
}
