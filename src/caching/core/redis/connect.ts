import { isIPv6 } from 'node:net';
import { createClient, createCluster, type RedisClientOptions } from '@redis/client';
import { CacheError } from '../../caching.errors';
import { withDeadline } from '../async/deadline';
import type { RedisConnection, RedisReply, RedisTarget } from './redis-target';

/** Milliseconds to make one TCP connection. */
const CONNECT_TIMEOUT = 1_000;

/**
 * Never reconnects by itself and never queues while offline: RedisClient dials anew, which is what finds a new master
 * after a failover. No CLIENT SETINFO: a frozen server must not be able to hold the handshake.
 */
const COMMON = {
  socket: { connectTimeout: CONNECT_TIMEOUT, reconnectStrategy: false },
  disableOfflineQueue: true,
  disableClientInfo: true,
  commandsQueueMaxLength: 10_000,
} as const satisfies RedisClientOptions;

type Client = ReturnType<typeof createClient>;

/** Connects and has heard a PING answered. `onBroken` is called when any of its sockets fails later. */
export async function connect(
  target: RedisTarget,
  timeout: number,
  onBroken: (cause: unknown) => void,
): Promise<RedisConnection> {
  if ('clusterNodes' in target) return dialCluster(target.clusterNodes, timeout, onBroken);
  const url = 'sentinels' in target ? await masterUrl(target, timeout) : target.url;
  return dialServer(url, timeout, onBroken, 'sentinels' in target);
}

async function dialServer(
  url: string,
  timeout: number,
  onBroken: (cause: unknown) => void,
  mustBeMaster: boolean,
): Promise<RedisConnection> {
  const client = await open(url, timeout, onBroken);
  try {
    // A sentinel may still name a server that was demoted a moment ago.
    const role = mustBeMaster ? await withDeadline(client.sendCommand(['ROLE']), timeout, 'ROLE') : ['master'];
    if ((role as string[])[0] !== 'master')
      throw new CacheError('CACHE_REDIS_UNAVAILABLE', 'the named server is no master');
    const subscriber = await open(url, timeout, onBroken);
    return {
      masters: 1,
      send: (_key, args) => client.sendCommand(args),
      sendTo: (_master, args) => client.sendCommand(args),
      subscribe: (channel, listener) => subscriber.subscribe(channel, listener),
      destroy: () => [client, subscriber].forEach(destroy),
    };
  } catch (error) {
    destroy(client);
    throw error;
  }
}

async function dialCluster(
  nodes: readonly string[],
  timeout: number,
  onBroken: (cause: unknown) => void,
): Promise<RedisConnection> {
  const { socket, ...defaults } = COMMON;
  const { username, password, tls } = credentials(nodes[0]!);
  const cluster = createCluster({
    rootNodes: nodes.map((url) => ({ url })),
    defaults: { ...defaults, username, password, socket: { ...socket, ...(tls && { tls }) } },
    minimizeConnections: true,
  });
  let up = false;
  // While it is being set up a rejection tells; afterwards an error means that some node has gone.
  cluster.on('error', (error) => up && onBroken(error));
  let subscriber: Client | undefined;
  const close = (): void => {
    if (subscriber) destroy(subscriber);
    void cluster.disconnect().catch(() => undefined);
  };
  try {
    await withDeadline(cluster.connect(), CONNECT_TIMEOUT + timeout, 'discovering the cluster');
    subscriber = await openAny(nodes, timeout, onBroken);
  } catch (error) {
    close();
    throw error;
  }
  up = true;
  return {
    get masters() {
      return cluster.masters.length;
    },
    send: (key, args) => cluster.sendCommand<RedisReply>(key, false, args),
    sendTo: async (master, args) => (await cluster.nodeClient(cluster.masters[master]!)).sendCommand(args),
    subscribe: (channel, listener) => subscriber.subscribe(channel, listener),
    destroy: close,
  };
}

/** Asks one sentinel after the other where the master is. */
async function masterUrl(
  target: Extract<RedisTarget, { sentinels: readonly string[] }>,
  timeout: number,
): Promise<string> {
  const sentinel = await openAny(target.sentinels, timeout, () => undefined);
  try {
    const question = sentinel.sendCommand<string[] | null>(['SENTINEL', 'get-master-addr-by-name', target.master]);
    const address = await withDeadline(question, timeout, 'asking a sentinel');
    if (!address) throw new CacheError('CACHE_REDIS_UNAVAILABLE', `no sentinel knows a master "${target.master}"`);
    const url = new URL(target.url ?? 'redis://localhost');
    url.hostname = isIPv6(address[0]!) ? `[${address[0]}]` : address[0]!;
    url.port = address[1]!;
    return url.href;
  } finally {
    destroy(sentinel);
  }
}

async function openAny(urls: readonly string[], timeout: number, onBroken: (cause: unknown) => void): Promise<Client> {
  let failure: unknown;
  for (const url of urls) {
    try {
      return await open(url, timeout, onBroken);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A TCP connection proves little (a stopped server's kernel accepts it too): it is open when a PING was answered. */
async function open(url: string, timeout: number, onBroken: (cause: unknown) => void): Promise<Client> {
  const client = createClient({ ...COMMON, url, socket: { ...COMMON.socket } });
  let up = false;
  client.on('error', (error) => up && onBroken(error));
  try {
    await withDeadline(client.connect(), CONNECT_TIMEOUT + timeout, 'connecting to Redis');
    await withDeadline(client.ping(), timeout, 'PING');
  } catch (error) {
    destroy(client);
    throw error;
  }
  up = true;
  return client;
}

/** `quit()` waits for a server that may be gone; `disconnect()` rejects when already closed. */
function destroy(client: Client): void {
  void client.disconnect().catch(() => undefined);
}

function credentials(url: string): { username?: string; password?: string; tls?: true } {
  const { username, password, protocol } = new URL(url);
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: true }),
  };
}
