import type { FastifyRequest } from 'fastify';
import { RequiresRole } from '../auth';
import type { CacheAdminOptions } from '../caching';

/** Pages of a list that are requested first. */
const PAGES = 5;

/** Options of the cache's admin routes for this application. */
export function cacheAdminOptions(): CacheAdminOptions {
  return {
    decorators: [RequiresRole('admin')],
    warm: ['/api/products/stats', ...pages('/api/products'), ...pages('/api/products/featured'), '/api/rates'],
    until: ({ user }: FastifyRequest) => (user?.expires === undefined ? undefined : user.expires * 1_000),
  };
}

function pages(path: string): string[] {
  return Array.from({ length: PAGES }, (_, index) => (index === 0 ? path : `${path}?page=${index + 1}`));
}
