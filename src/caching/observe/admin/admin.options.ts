import type { FastifyRequest } from 'fastify';
import type { ModuleMetadata } from '@nestjs/common';

export const ADMIN_OPTIONS = Symbol('ADMIN_OPTIONS');

/** What the admin routes have to be told about the application around them. */
export interface CacheAdminOptions {
  /** Put on every admin controller: who may come in (guards, or what a global guard looks for), how that is documented. Without any the routes are open to all. */
  decorators: readonly ClassDecorator[];
  /** Where the routes are. @default api/cache */
  path?: string;
  /** Where the console is; false: nowhere. @default console */
  console?: string | false;
  /** Paths that `warm` asks for, through the whole pipeline, one after the other. @default none */
  warm?: readonly string[];
  /** Who sent the request, for the audit log; asked after the guards. @default `request.user`'s `id` or `sub` */
  who?: (request: FastifyRequest) => string | undefined;
  /** When the sender's right ends, as Unix time in ms: a live stream ends with it. @default never */
  until?: (request: FastifyRequest) => number | undefined;
  /** Where keys and tags name a person: the first group of each pattern is shown as a mask. (`;user=` of private views always is.) @default none */
  personal?: readonly RegExp[];
  /** What masks are made with; the same on every node makes the same masks. @default random, for each process */
  maskSecret?: string;
  /** Modules that guards among the decorators need. */
  imports?: ModuleMetadata['imports'];
}

const DEFAULT_PATH = 'api/cache';
const DEFAULT_CONSOLE = 'console';

/** Where the routes are, and the console where there is one. */
export function pathsOf({ path = DEFAULT_PATH, console = DEFAULT_CONSOLE }: CacheAdminOptions): string[] {
  return console === false ? [path] : [path, console];
}
