import { withDeadline } from '../../async/deadline';
import type { DependencySet, DependencyTracker, LoadFacts } from '../../clock/dependency-tracker';
import type { ResolvedPolicy } from '../policy';

/**
 * Every load of the source: in a scope of its own, which takes the clock's tick before the source is called (Law 1), and
 * within the deadline of its policy.
 * @param what is loaded, for the error @throws what `load` throws; CacheError `CACHE_TIMEOUT`
 */
export function runLoad<T>(
  dependencies: DependencyTracker,
  { tags, loadTimeout }: Pick<ResolvedPolicy, 'tags' | 'loadTimeout'>,
  what: string,
  load: () => Promise<T>,
  facts?: LoadFacts,
): Promise<{ value: T; gathered: DependencySet }> {
  const running = dependencies.run(() => {
    dependencies.addTags(tags);
    return load();
  }, facts);
  return withDeadline(running, loadTimeout, `loading ${what}`);
}
