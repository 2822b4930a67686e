import { eventually, pause } from '../../test/support/eventually';
import type { Cluster } from '../cluster';
import { REDIS_USER } from '../stage';
import { aWhile, type Fault, fault } from './fault';

/** What happens to Redis, for all nodes or for some. */
export const REDIS_FAULTS: Fault[] = [
  fault('Redis frozen', async ({ stage }, random) => {
    stage.redis.freeze();
    await pause(aWhile(random));
    stage.redis.thaw();
  }),
  fault('Redis killed and started again, empty', async ({ stage }, random) => {
    await stage.redis.kill();
    await pause(aWhile(random) / 2);
    await stage.redis.up();
  }),
  fault('Redis emptied', async ({ stage }) => {
    await stage.redis.command('FLUSHALL');
  }),
  fault('rights of the Redis user revoked', async ({ stage }, random) => {
    const [before] = (await stage.redis.command<string[]>('ACL', 'LIST')).filter((line) =>
      line.startsWith(`user ${REDIS_USER} `),
    );
    const lost = random() < 0.5 ? ['-evalsha', '-eval'] : ['-@all'];
    await stage.redis.command('ACL', 'SETUSER', REDIS_USER, ...lost);
    await pause(aWhile(random));
    await stage.redis.command('ACL', 'SETUSER', REDIS_USER, 'reset', ...before!.split(' ').slice(2));
  }),
  fault('Redis failover', failOver),
  fault('Redis address moved to another master and back', async (cluster, random) => {
    // Of one node, or of all.
    const wires = random() < 0.5 ? cluster.redisWires : [cluster.members[0]!.redis];
    for (const wire of wires) wire.retarget(cluster.stage.spareRedis.port);
    await pause(2 * aWhile(random));
    for (const wire of wires) wire.retarget(cluster.stage.redis.port);
  }),
];

/** The spare becomes a replica, then the master; what the old one took last may be lost. */
async function failOver(cluster: Cluster, random: () => number): Promise<void> {
  const { stage } = cluster;
  const { redis: old, spareRedis: next } = stage;
  await next.command('REPLICAOF', '127.0.0.1', String(old.port));
  await eventually(async () => (await next.command<string>('INFO', 'replication')).includes('master_link_status:up'));
  // Half of the times it lags: it stays at what it was, while the master takes writes.
  if (random() < 0.5) await next.command('REPLICAOF', 'NO', 'ONE');
  await pause(aWhile(random) / 2);
  const isDead = random() < 0.5;
  if (isDead) await old.kill();
  await next.command('REPLICAOF', 'NO', 'ONE');
  for (const wire of cluster.redisWires) wire.retarget(next.port);
  stage.redis = next;
  stage.spareRedis = old;
  if (isDead) await old.up();
}
