/** Injection tokens of what has no class of its own. CACHE_MANAGER is @nestjs/cache-manager's. */
export const TAG_CLOCK = Symbol('TAG_CLOCK');
export const CACHE_STACK = Symbol('CACHE_STACK');
/** Milliseconds that a write may wait to be told, to the clock or to an edge. What waits longer is degraded: somebody should look. */
export const DEGRADED_AFTER_MS = 5_000;
export { CACHE_MANAGER } from '@nestjs/cache-manager';
