import { Catalogue1764000000000 } from './1764000000000-catalogue';
import { CacheOutbox1764000000001 } from './1764000000001-cache-outbox';

/** In the order they run. */
export const migrations = [Catalogue1764000000000, CacheOutbox1764000000001];
