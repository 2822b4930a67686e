import { randomUUID } from 'node:crypto';
import type { CachingOptions } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';

needs('redis-server');

let server: RedisServer;

beforeEach(async () => {
  server = await RedisServer.start('--save', '', '--appendonly', 'yes', '--appendfsync', 'always');
});

afterEach(async () => {
  await closeStacks();
  await server.stop();
});

const options = (): CachingOptions => ({
  prefix: 'lives',
  l2Timeout: 1_000,
  maxLag: 400,
  redis: { url: server.url },
});

it('nodes that join the same process share its epoch', async () => {
  const near = await node(options());
  await near.store.invalidate(['a']);
  const others = await Promise.all([node(options()), node(options()), node(options())]);
  await Promise.all(others.map(live));
  for (const { clock } of others) expect(clock.instant()).toEqual({ ...near.clock.instant(), localTick: 0 });
});

it('nodes that connect to an empty server at the same time agree on one epoch', async () => {
  const nodes = await Promise.all(Array.from({ length: 6 }, () => node(options())));
  await Promise.all(nodes.map((each) => each.store.invalidate([randomUUID()])));
  await eventually(() => new Set(nodes.map(({ clock }) => clock.instant().epoch)).size === 1);
  await eventually(async () => {
    const [head] = await server.command<string[]>('ZRANGE', '{lives}:clock', '0', '0');
    return nodes.every(({ clock }) => head!.endsWith(`:${clock.instant().epoch}`));
  });
});

it('a process that restarts with every byte of its data begins a new epoch, once for all nodes', async () => {
  const [near, far] = await Promise.all([node(options()), node(options())]);
  await near.store.invalidate(['a']);
  const before = near.clock.instant();
  await server.kill();
  await server.up();
  expect(await server.command('ZSCORE', '{lives}:clock', 't:a')).not.toBeNull();
  await eventually(() => near.clock.instant().epoch !== before.epoch);
  await live(near);
  await eventually(() => far.clock.instant().epoch === near.clock.instant().epoch);
  const settled = near.clock.instant().epoch;
  await Promise.all([near.store.invalidate(['b']), far.store.invalidate(['c'])]);
  expect([near, far].map(({ clock }) => clock.instant().epoch)).toEqual([settled, settled]);
  expect(near.clock.staleBecause(before, [])).toEqual({ why: 'epoch' });
});

/** In one step: a node that looks between two would find no head, and put one beside the foreign one. */
const REPLACE_HEAD = `
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '-inf')
  redis.call('ZADD', KEYS[1], '-inf', ARGV[1])`;

it('a head that names the incarnation of another server is replaced', async () => {
  const near = await node(options());
  const before = near.clock.instant();
  for (const foreign of ['epoch:0123abc:nonce', 'epoch:::', 'nonsense', `epoch:${randomUUID()}:x`]) {
    await server.command('EVAL', REPLACE_HEAD, '1', '{lives}:clock', foreign);
    await near.store.invalidate(['a']);
    expect(near.clock.instant().epoch).not.toBe(before.epoch);
    const heads = await server.command<string[]>('ZRANGEBYSCORE', '{lives}:clock', '-inf', '-inf');
    expect(heads).not.toContain(foreign);
  }
});

it('SCRIPT FLUSH begins a new epoch, in which invalidation works', async () => {
  const near = await node(options());
  await near.store.invalidate(['a']);
  const before = near.clock.instant();
  await server.command('SCRIPT', 'FLUSH');
  await near.store.invalidate(['b']);
  await eventually(() => near.clock.instant().epoch !== before.epoch);
  expect(near.clock.staleBecause(before, [])).toEqual({ why: 'epoch' });
  const after = near.clock.instant();
  await near.store.invalidate(['c']);
  expect(near.clock.staleBecause(after, ['c'])).toEqual({ why: 'stamped', tag: 'c' });
});
