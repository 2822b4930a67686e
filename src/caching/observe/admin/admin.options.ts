import type { FastifyRequest } from 'fastify';
import type { ModuleMetadata } from '@nestjs/common';

export const ADMIN_OPTIONS = Symbol('ADMIN_OPTIONS');

/** Options of the admin routes. */
export interface CacheAdminOptions {
  /** Put on every admin controller: guards, or the metadata a global guard reads, and their OpenAPI decorators. Without any, the routes are public. */
  decorators: readonly ClassDecorator[];
  /** Path of the routes. @default api/cache */
  path?: string;
  /** Path of the console; false: no console. @default console */
  console?: string | false;
  /** Paths that `warm` requests through the whole pipeline, one after the other. @default none */
  warm?: readonly string[];
  /** The user of a request, for the audit log; called after the guards. @default `request.user`'s `id` or `sub` */
  who?: (request: FastifyRequest) => string | undefined;
  /** Unix time in ms at which the user's token expires: a live stream ends then. @default never */
  until?: (request: FastifyRequest) => number | undefined;
  /** Modules that provide what the decorators' guards inject. */
  imports?: ModuleMetadata['imports'];
}

const DEFAULT_PATH = 'api/cache';
const DEFAULT_CONSOLE = 'console';

/** The paths of the routes and, if enabled, of the console. */
export function pathsOf({ path = DEFAULT_PATH, console = DEFAULT_CONSOLE }: CacheAdminOptions): string[] {
  return console === false ? [path] : [path, console];
}
