import type { PipeTransform } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

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
