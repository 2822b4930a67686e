import { toUSVString } from 'node:util';
import { CacheError } from '../../caching.errors';

/** What keys begin with: responses, results of methods, and what the application stores itself. */
export const LAYERS = ['view', 'query', 'store'] as const;
export type Layer = (typeof LAYERS)[number];

export function layerOf(key: string): Layer {
  if (key.startsWith('view:')) return 'view';
  return key.startsWith('query:') ? 'query' : 'store';
}

/**
 * A lone surrogate does not survive UTF-8: in L2 two such keys would be one, and one caller would get the other's value.
 * @throws CacheError `CACHE_KEY`
 */
export function refuseIfAmbiguous(key: string): void {
  if (toUSVString(key) !== key) throw new CacheError('CACHE_KEY', `a key has a lone surrogate: ${JSON.stringify(key)}`);
}
