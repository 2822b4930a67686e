/** Injection tokens of what has no class of its own. CACHE_MANAGER is @nestjs/cache-manager's. */
export const TAG_CLOCK = Symbol('TAG_CLOCK');
export const CACHE_STACK = Symbol('CACHE_STACK');
export { CACHE_MANAGER } from '@nestjs/cache-manager';
