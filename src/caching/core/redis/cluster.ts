import { Cluster, type Redis } from 'iovalkey';
import { withDeadline } from '../async/deadline';
import type { RedisArgument, RedisConnection, RedisReply } from './connection';
import { probe } from './probe';
import type { RedisTarget } from './redis-target';
import { CONNECT_TIMEOUT, commandOf, PLAIN, type ReplyEncoding, Wire } from './wire';

/** Milliseconds between two reads of the slots of the cluster, beside those that MOVED causes. */
const SLOTS_REFRESH = 5_000;

/** A cluster, as far as it is reachable: keys whose master is down are refused, all others work. */
export async function connectCluster(
  { hosts, tls, credentials }: Extract<RedisTarget, { kind: 'cluster' }>,
  timeout: number,
  onBroken: (cause: unknown) => void,
): Promise<RedisConnection> {
  // First, as a wire says why it cannot be opened, and a cluster only that no node is available.
  const subscriber = await Wire.openAny(hosts, { tls, credentials }, timeout, onBroken);
  const cluster = new Cluster([...hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    clusterRetryStrategy: () => null,
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: CONNECT_TIMEOUT,
    slotsRefreshInterval: SLOTS_REFRESH,
    // A name stays a name: its certificate is checked against it, and it may have addresses of both families.
    dnsLookup: (host, callback) => callback(null, host),
    redisOptions: { ...PLAIN, ...credentials, ...(tls && { tls: {} }) },
  });
  let isUp = false;
  const broken = (cause: unknown): void => void (isUp && onBroken(cause));
  cluster.on('error', broken);
  cluster.on('node error', broken);
  cluster.on('+node', handleAsking);
  cluster.on('-node', () => broken(new Error('a node of the cluster has gone')));
  const destroy = (): void => {
    isUp = false;
    subscriber.destroy();
    cluster.disconnect();
  };
  try {
    await probe(subscriber, timeout, true);
    await withDeadline(subscriber.send(['CLUSTER', 'SLOTS']), timeout, 'CLUSTER SLOTS');
    await withDeadline(cluster.connect(), CONNECT_TIMEOUT + timeout, 'discovering the cluster');
  } catch (error) {
    destroy();
    throw error;
  }
  isUp = true;
  return {
    get masters() {
      return cluster.nodes('master').length;
    },
    send: (_key, args) => sendOn(cluster, args, 'utf8'),
    getBytes: (key) => sendOn(cluster, ['GET', key], null) as Promise<Buffer | null>,
    // Keys of one MGET have to be in one slot.
    getManyBytes: (keys) =>
      Promise.all(keys.map((key) => sendOn(cluster, ['GET', key], null) as Promise<Buffer | null>)),
    sendTo: (master, args) => sendOn(cluster.nodes('master')[master]!, args, 'utf8'),
    subscribe: (channel, listener) => subscriber.subscribe(channel, listener),
    destroy,
  };
}

/**
 * Of a slot that is being moved, the client sends ASKING ahead of the command and drops its reply. A refusal, or a socket that
 * breaks meanwhile, would be a rejection without a handler, which ends the process. The command itself reports what is wrong.
 */
function handleAsking(node: Redis): void {
  const asking = node.asking.bind(node);
  node.asking = () => {
    const sent = asking();
    sent.catch(() => undefined);
    return sent;
  };
}

/** Routed by the key, whose place in `args` the client knows of each command. */
function sendOn(to: Cluster | Redis, args: readonly RedisArgument[], encoding: ReplyEncoding): Promise<RedisReply> {
  const command = commandOf(args, encoding);
  void to.sendCommand(command);
  return command.promise as Promise<RedisReply>;
}
