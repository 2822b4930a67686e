/**
 * What a setting of the caches may be, without the caches: a second door, for a program that reads its environment before it loads
 * the rest.
 */
export { CACHE_LAYERS, type CacheLayer } from './core/store/key';
export { EDGE_KINDS, type EdgeKind, TAG_HEADERS, type TagHeader } from './edge/edge-kinds';
export { parseRedisUrl } from './core/redis/redis-target';
export { readDuration, readSize } from './units';
