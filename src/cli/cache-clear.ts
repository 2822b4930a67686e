import './supported-node';
import { clearCache, withoutCredentials } from '../caching';
import { loadConfig, loadEnvFile } from '../config';
import { parseOptions } from './parse-options';

const USAGE = `npm run cache:clear -- [--prefix strata]

Clears what all nodes cached under CACHE_PREFIX in REDIS_URL. Running nodes read everything again.

  --prefix   another prefix than CACHE_PREFIX`;

/** `npm run cache:clear`: for operators, as after a restore by hand or a wrong write that no trigger saw. */
async function main(): Promise<void> {
  const values = parseOptions(USAGE, { prefix: { type: 'string' } });
  loadEnvFile();
  const { redis, cache, edge } = loadConfig(process.env);
  const { url } = redis;
  const prefix = values.prefix ?? cache.prefix;
  if (url === undefined) {
    throw new Error('REDIS_URL is not set, so each process has a cache of its own: restart the process to clear it.');
  }
  const where = `${withoutCredentials(url)}, prefix ${prefix}`;
  const count = await clearCache({ prefix, redis: { url } }).catch((cause: Error) => {
    throw new Error(`The cache at ${where} was not cleared: ${cause.message}`, { cause });
  });
  const found =
    count === 0 ? 'Redis held no entries there' : `${count} ${count === 1 ? 'entry' : 'entries'} in Redis removed`;
  console.log(`Cleared the cache at ${where}: ${found}, and running nodes forget theirs.`);
  if (edge.purge !== 'none') console.log(`The edge (${edge.purge}) was not purged: purge it with its own tool.`);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
