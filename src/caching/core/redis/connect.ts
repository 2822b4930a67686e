import { CacheError } from '../../caching.errors';
import { withDeadline } from '../async/deadline';
import { connectCluster } from './cluster';
import type { RedisConnection } from './connection';
import type { HostPort, RedisTarget } from './redis-target';
import { Wire, type WireOptions } from './wire';

type Sentinels = Extract<RedisTarget, { kind: 'sentinel' }>;

/** Connects, and waits for the reply to a PING. `onBroken` is called when any of its sockets fails later. */
export async function connect(
  target: RedisTarget,
  timeout: number,
  onBroken: (cause: unknown) => void,
): Promise<RedisConnection> {
  switch (target.kind) {
    case 'cluster':
      return connectCluster(target, timeout, onBroken);
    case 'server':
      return connectServer(target.hosts[0], target, timeout, onBroken);
    case 'sentinel':
      return connectServer(await masterOf(target, timeout), target, timeout, onBroken);
    default:
      return target satisfies never;
  }
}

async function connectServer(
  host: HostPort,
  options: WireOptions,
  timeout: number,
  onBroken: (cause: unknown) => void,
): Promise<RedisConnection> {
  const wire = await Wire.open(host, options, timeout, onBroken);
  try {
    const subscriber = await Wire.open(host, options, timeout, onBroken);
    return {
      masters: 1,
      send: (_key, args) => wire.send(args),
      getBytes: (key) => wire.getBytes(key),
      getManyBytes: (keys) => wire.getManyBytes(keys),
      sendTo: (_master, args) => wire.send(args),
      subscribe: (channel, listener) => subscriber.subscribe(channel, listener),
      destroy: () => [wire, subscriber].forEach((each) => each.destroy()),
    };
  } catch (error) {
    wire.destroy();
    throw error;
  }
}

/**
 * Asks one sentinel after the other where the master is. It may still name a server that was demoted a moment ago:
 * that one refuses the first stamp with READONLY, and RedisClient connects again.
 */
async function masterOf({ hosts, master, tls, sentinelCredentials }: Sentinels, timeout: number): Promise<HostPort> {
  const options = { tls, credentials: sentinelCredentials };
  const sentinel = await Wire.openAny(hosts, options, timeout, () => undefined);
  try {
    const question = sentinel.send(['SENTINEL', 'get-master-addr-by-name', master]);
    const address = (await withDeadline(question, timeout, 'asking a sentinel')) as [string, string] | null;
    if (!address) throw new CacheError('CACHE_REDIS_UNAVAILABLE', `no sentinel knows a master "${master}"`);
    return { host: address[0], port: Number(address[1]) };
  } finally {
    sentinel.destroy();
  }
}
