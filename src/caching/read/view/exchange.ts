import type { CallHandler } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ViewReply } from './express';
import type { ViewRoute } from './route/view-route';

/** One request in the interceptor. */
export interface Exchange {
  readonly route: ViewRoute;
  readonly request: FastifyRequest;
  readonly reply: ViewReply;
  readonly next: CallHandler;
  /** `ttl` of this request in milliseconds, where the route computes it. */
  readonly ttl?: number;
}
