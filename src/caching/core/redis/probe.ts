import { CacheError } from '../../caching.errors';
import { withDeadline } from '../async/deadline';
import type { Wire } from './wire';

/** Writes nothing. A replica refuses it all the same, as it does not say `no-writes`. */
const PROBE = '#!lua flags=allow-oom\nreturn 1';
/** As Redis 6 reads it: as Lua without flags. */
const TOO_OLD = /unexpected symbol near '#'/;

/**
 * Refuses a server on which no script of the cache could run: one older than Redis 7, and a replica. Any other error reply,
 * such as that of a full disk, may be gone by the next command.
 * @param mayBeReplica a replica of a cluster is no obstacle: commands go to its master
 * @throws the server's reply; CacheError `CACHE_TIMEOUT`
 */
export async function probe(wire: Wire, timeout: number, mayBeReplica = false): Promise<void> {
  try {
    await withDeadline(wire.send(['EVAL', PROBE, '0']), timeout, 'EVAL');
  } catch (error) {
    const { message } = error as Error;
    const isReplica = message.startsWith('READONLY') && !mayBeReplica;
    if (error instanceof CacheError || isReplica || TOO_OLD.test(message)) throw error;
  }
}
