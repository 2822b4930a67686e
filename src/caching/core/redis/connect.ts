import { CacheError } from '../../caching.errors';
import { withDeadline } from '../async/deadline';
import { connectCluster } from './cluster';
import type { RedisConnection } from './connection';
import { probe } from './probe';
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
      return connectMaster(target, timeout, onBroken);
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
    await probe(wire, timeout);
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
 * Queries one sentinel after the other until one names a server that can be used: a sentinel may be silent, may not know the
 * master, or may still name one that has gone or was demoted a moment ago. No server is tried twice.
 */
async function connectMaster(
  target: Sentinels,
  timeout: number,
  onBroken: (cause: unknown) => void,
): Promise<RedisConnection> {
  const tried = new Set<string>();
  const faults: { sentinel?: unknown; server?: unknown } = {};
  for (const sentinel of target.hosts) {
    const host = await masterOf(sentinel, target, timeout).catch((error: unknown) => void (faults.sentinel = error));
    const name = host && `${host.host}:${host.port}`;
    if (!name || tried.has(name)) continue;
    tried.add(name);
    try {
      return await connectServer(host, target, timeout, onBroken);
    } catch (error) {
      faults.server = error;
    }
  }
  throw faults.server ?? faults.sentinel;
}

async function masterOf(
  host: HostPort,
  { master, tls, sentinelCredentials }: Sentinels,
  timeout: number,
): Promise<HostPort> {
  const sentinel = await Wire.open(host, { tls, credentials: sentinelCredentials }, timeout, () => undefined);
  try {
    const question = sentinel.send(['SENTINEL', 'get-master-addr-by-name', master]);
    const address = (await withDeadline(question, timeout, 'asking a sentinel')) as [string, string] | null;
    if (!address) throw new CacheError('CACHE_REDIS_UNAVAILABLE', `the sentinel knows no master "${master}"`);
    return { host: address[0], port: Number(address[1]) };
  } finally {
    sentinel.destroy();
  }
}
