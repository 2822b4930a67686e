import type { DataSource } from 'typeorm';
import type { DependencyTracker } from '../core/clock/dependency-tracker';

/**
 * Loads pass by TypeORM's own cache of results (`cache: true` in the options of a find, `cache` in those of the DataSource): writes
 * do not invalidate it, so what it returns may be older than the load's tick (Law 1). Outside of loads it works as before.
 */
export function bypassTypeormCache(dataSource: DataSource, dependencies: Pick<DependencyTracker, 'current'>): void {
  const cache = dataSource.queryResultCache;
  if (!cache) return;
  const getFromCache = cache.getFromCache.bind(cache);
  const storeInCache = cache.storeInCache.bind(cache);
  cache.getFromCache = (...args) => (dependencies.current() ? Promise.resolve(undefined) : getFromCache(...args));
  cache.storeInCache = (...args) => (dependencies.current() ? Promise.resolve() : storeInCache(...args));
}
