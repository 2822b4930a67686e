import { Catalogue1764000000000 } from './1764000000000-catalogue';

/** In the order they run. */
export const migrations = [Catalogue1764000000000];
