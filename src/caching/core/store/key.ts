import { toUSVString } from 'node:util';
import { CacheError } from '../../caching.errors';

/** The read layers, which the option `layers` turns on and off. */
export const CACHE_LAYERS = ['view', 'query'] as const;
export type CacheLayer = (typeof CACHE_LAYERS)[number];

/** The layers a key may belong to: cached responses, results of methods, rows, values stored by the application. */
export const LAYERS = [...CACHE_LAYERS, 'entity', 'store'] as const;
export type Layer = (typeof LAYERS)[number];

/** Keys of the layers begin so, and those of CACHE_MANAGER. */
const RESERVED = /^(view|query|entity|app):/;

/**
 * Refuses a key of the application that another part of the cache would take for its own: a reader would get the other's value.
 * @throws CacheError `CACHE_KEY`
 */
export function refuseIfReserved(key: string): void {
  const [, layer] = RESERVED.exec(key) ?? [];
  if (layer === undefined) return;
  throw new CacheError(
    'CACHE_KEY',
    `keys that begin with "${layer}:" are the cache's own: name ${JSON.stringify(key)} in another way`,
  );
}

export function layerOf(key: string): Layer {
  if (key.startsWith('view:')) return 'view';
  if (key.startsWith('query:')) return 'query';
  return key.startsWith('entity:') ? 'entity' : 'store';
}

/**
 * Refuses a key with a lone surrogate, which UTF-8 replaces: two such keys would be one key in L2, and one caller would
 * get the other's value.
 * @throws CacheError `CACHE_KEY`
 */
export function refuseIfAmbiguous(key: string): void {
  if (toUSVString(key) !== key) throw new CacheError('CACHE_KEY', `a key has a lone surrogate: ${JSON.stringify(key)}`);
}
