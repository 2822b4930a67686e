/** Injection tokens of providers without a class. CACHE_MANAGER is @nestjs/cache-manager's. */
export const TAG_CLOCK = Symbol('TAG_CLOCK');
export const CACHE_STACK = Symbol('CACHE_STACK');
/** Milliseconds that a write may wait for its stamp or its purge. A longer wait makes the health status `degraded`. */
export const DEGRADED_AFTER_MS = 5_000;
export { CACHE_MANAGER } from '@nestjs/cache-manager';
