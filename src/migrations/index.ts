import { Catalogue1764000000000 } from './1764000000000-catalogue';
import { CacheOutbox1764000000001 } from './1764000000001-cache-outbox';
import { CachePurges1764000000002 } from './1764000000002-cache-purges';

/** In the order they run. */
export const migrations = [Catalogue1764000000000, CacheOutbox1764000000001, CachePurges1764000000002];
