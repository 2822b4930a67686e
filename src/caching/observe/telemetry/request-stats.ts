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

/** Route label of requests that match no route. */
const NO_ROUTE = 'none';

/** Counts every request once, for the admin routes, the console and Prometheus alike. */
@Injectable()
export class RequestStats implements OnModuleInit, OnApplicationShutdown {
  readonly tally: OutcomeCounters;
  readonly history: History;
  readonly requests = new Requests();
  private readonly unread: string[] = [];
  /** Route patterns, of which there are few: whether their requests are counted. */
  private readonly counted = new Map<string, boolean>();
  private readonly stopListening: () => void;

  constructor(
    @Inject(CACHE_STACK) { events }: CacheStack,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    this.tally = new OutcomeCounters(events);
    this.history = new History(this.tally);
    this.stopListening = events.on('response', (route, tier, status, ms) => {
      this.history.addRequest(ms);
      this.requests.add('GET', route, status, tier, ms);
    });
  }

  /** Excludes requests that inspect the cache. @param paths path prefixes without a leading slash */
  ignore(paths: readonly string[]): void {
    this.unread.push(...paths.map((path) => `/${path}`));
    this.counted.clear();
  }

  /** Times requests that reach Fastify; the fast path reports its own. */
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

  private isCounted(route: string): boolean {
    let isCounted = this.counted.get(route);
    if (isCounted === undefined) {
      isCounted = !this.unread.some((path) => route.startsWith(path));
      this.counted.set(route, isCounted);
    }
    return isCounted;
  }

  private add({ raw, method, routeOptions }: FastifyRequest, reply: FastifyReply): void {
    // An injected request of the warmer, not a client's.
    if (!(raw instanceof IncomingMessage)) return;
    const route = routeOptions.url ?? NO_ROUTE;
    if (!this.isCounted(route)) return;
    const ms = reply.elapsedTime;
    this.history.addRequest(ms);
    this.requests.add(method, route, reply.statusCode, cacheOutcomeOf(reply.raw), ms);
  }
}

function isFastify(server: unknown): server is FastifyInstance {
  return typeof server === 'object' && server !== null && 'addHook' in server;
}
