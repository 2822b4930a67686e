import { pause } from '../../test/support/eventually';
import type { Cluster } from '../cluster';
import type { Member } from '../member';
import { aWhile, type Fault, fault } from './fault';

/** What happens to one node: its process, its clock, its wires. */
export const NODE_FAULTS: Fault[] = [
  fault('node killed and started again', async (cluster, random) => {
    const member = one(cluster, random);
    await member.kill();
    await member.boot();
  }),
  fault('wall clock of a node a minute back', async (cluster, random) => {
    const { node } = one(cluster, random);
    node?.child.kill('SIGUSR2');
    await pause(2 * aWhile(random));
    node?.child.kill('SIGUSR2');
  }),
  fault('node paused', async (cluster, random) => {
    const { node } = one(cluster, random);
    node?.child.kill('SIGSTOP');
    await pause(2 * aWhile(random));
    node?.child.kill('SIGCONT');
  }),
  fault('Redis connections of a node cut', (cluster, random) => Promise.resolve(one(cluster, random).redis.cut())),
  fault('node without Redis', async (cluster, random) => {
    const { redis } = one(cluster, random);
    redis.partition();
    await pause(aWhile(random));
    redis.heal();
  }),
  fault('Redis connections of a node half-open', async (cluster, random) => {
    one(cluster, random).redis.silence();
    await pause(2 * aWhile(random));
  }),
  fault('node without PostgreSQL', async (cluster, random) => {
    const { databaseWires } = one(cluster, random);
    for (const wire of databaseWires) wire.refuse();
    await pause(aWhile(random) / 2);
    for (const wire of databaseWires) wire.heal();
  }),
  fault('PostgreSQL connections of a node half-open', async (cluster, random) => {
    for (const wire of one(cluster, random).databaseWires) wire.silence();
    await pause(2 * aWhile(random));
  }),
  fault('PostgreSQL at 10 kB a second', async (cluster, random) => {
    const { databaseWires } = one(cluster, random);
    for (const wire of databaseWires) wire.throttle(10_000);
    await pause(3_000 + 3 * aWhile(random));
    for (const wire of databaseWires) wire.throttle(0);
  }),
];

function one({ members }: Cluster, random: () => number): Member {
  return members[Math.floor(random() * members.length)]!;
}
