import type { CacheResult, Loader } from '../entry';
import { type CachePolicy, resolvePolicy } from '../policy';
import type { StoreParts } from '../store-parts';
import type { EntryWriter } from './entry-writer';
import { runLoad } from './run-load';

/**
 * A load for a caller inside a transaction: it may read what is not committed, so the result is for that caller alone. A value
 * that is loaded around the transaction depends on it as on any other (Law 2).
 */
export async function loadUncached(
  { dependencies, defaults, time }: StoreParts,
  writer: EntryWriter,
  key: string,
  options: CachePolicy,
  load: Loader,
): Promise<CacheResult> {
  const policy = resolvePolicy(options, defaults);
  const createdAt = time.wall();
  const { value, gathered } = await runLoad(dependencies, policy, key, load);
  const entry = writer.buildEntry(key, policy, value, gathered, createdAt);
  dependencies.record(entry);
  return { entry, outcome: 'miss', tier: 'source', collapsed: false, stored: false, ttl: 0 };
}
