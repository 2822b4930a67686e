import type { PipeTransform } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What the view layer has to be told about the application around it. */
export interface ViewSettings {
  /** Turns a query or path into its DTO, exactly as the application's own pipe does. @default a strict ValidationPipe */
  validate?: PipeTransform;
  /** Who sent the request; asked after the guards. @default `request.user`'s `id` or `sub` */
  user?: (request: FastifyRequest) => string | undefined;
  /** May this request have a cached answer made anew (`Cache-Control: no-cache`)? For everybody it would be a way to stampede. @default nobody */
  mayRevalidate?: (request: FastifyRequest) => boolean | Promise<boolean>;
}

export function userOf(request: FastifyRequest): string | undefined {
  const user = (request as { user?: { id?: unknown; sub?: unknown } }).user;
  const id = user?.id ?? user?.sub;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/** Names that differ from request to request, or with who asks: an address whose answers carry one stays in the pipeline. */
const PERSONAL = /^(vary|set-cookie|access-control-|x-ratelimit|ratelimit)/;

/**
 * Headers that the server puts on every answer, as a flat list of names and values; the request's own id is left out, and the fast
 * path writes it anew. Undefined where there are some that may not be repeated.
 */
export function commonHeaders(request: FastifyRequest, reply: FastifyReply): string[] | undefined {
  const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== request.id);
  if (headers.some(([name]) => PERSONAL.test(name))) return undefined;
  return headers.flatMap(([name, value]) => [name, String(value)]);
}
