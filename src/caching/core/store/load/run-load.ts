import { withDeadline } from '../../async/deadline';
import type { DependencySet, DependencyTracker } from '../../clock/dependency-tracker';
import type { ResolvedPolicy } from '../policy';

/**
 * Every load of the source: in a scope of its own, which takes the clock's tick before the source is called (Law 1), and
 * within the deadline of its policy.
 * @param what is loaded, for the error @param isNew no tier has the value, not even stale @throws what `load` throws; CacheError `CACHE_TIMEOUT`
 */
export function runLoad<T>(
  dependencies: DependencyTracker,
  { tags, loadTimeout }: Pick<ResolvedPolicy, 'tags' | 'loadTimeout'>,
  what: string,
  load: () => Promise<T>,
  isNew = false,
): Promise<{ value: T; gathered: DependencySet }> {
  const running = dependencies.run(() => {
    dependencies.addTags(tags);
    return load();
  }, isNew);
  return withDeadline(running, loadTimeout, `loading ${what}`);
}
