import type { PipeTransform } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** How the view layer identifies users and validates requests. */
export interface ViewSettings {
  /** Makes of a query or path what the handler gets, before it becomes a key. @default the application's global pipes */
  validate?: PipeTransform;
  /** The user of a request; called after the guards. @default `id` or `sub` of `request.user`; a user without either bypasses public views */
  user?: (request: FastifyRequest) => string | undefined;
  /** Whether `Cache-Control: no-cache` of this request may force a load. Allowed for all, it would invite a stampede. @default no request */
  mayRevalidate?: (request: FastifyRequest) => boolean | Promise<boolean>;
  /**
   * Response headers that handlers set and that may come from Redis, beside those that describe the content. A response with a header
   * that is not named is cached in the process that made it only. @default []
   */
  headers?: readonly string[];
}

/** The default of `user`. */
export function userOf(request: FastifyRequest): string | undefined {
  const user = (request as { user?: { id?: unknown; sub?: unknown } }).user;
  const id = user?.id ?? user?.sub;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/**
 * Whether a guard has identified the caller. By default a user without an id that a key can contain counts too: the response may
 * depend on that user all the same.
 */
export function isIdentified(request: FastifyRequest, user: NonNullable<ViewSettings['user']>): boolean {
  return user(request) !== undefined || (user === userOf && Boolean((request as { user?: unknown }).user));
}
