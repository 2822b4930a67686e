import { ExecutionContext } from '@nestjs/common';
import { FastifyRequest } from 'fastify';

/** The request that a guard, or a parameter of a handler, is asked about. `switchToHttp()` would give the same, and makes an object of functions at each call. */
export function requestOf(context: ExecutionContext): FastifyRequest {
  return context.getArgByIndex<FastifyRequest>(0);
}
