import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CachingOptions } from '../../../../src/caching';
import { RedisUsageReader } from '../../../../src/caching/observe/telemetry/redis-usage';
import { eventually } from '../../../support/eventually';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, count, live, node, read } from '../../../support/stacks';

needs('redis-server');

/** What docs/redis.md says: the words after `ACL SETUSER`, for the prefix `strata` and the password `password`. */
function documentedUser(): string[] {
  const block = /^ACL SETUSER ([^`]+)/m.exec(readFileSync(join(__dirname, '../../../../docs/redis.md'), 'utf8'));
  return block![1]!.trim().split(/\s+/);
}

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
  await server.command('ACL', 'SETUSER', ...documentedUser());
});
afterAll(async () => {
  await closeStacks();
  await server.stop();
});

const options = (): CachingOptions => ({
  prefix: 'strata',
  l2Timeout: 1_000,
  maxLag: 400,
  redis: { url: `redis://strata:password@127.0.0.1:${server.port}` },
});

it('reads, writes, locks, invalidates, lists and clears, and no command is refused', async () => {
  const [near, far] = await Promise.all([node(options()), node(options())]);
  await Promise.all([live(near), live(far)]);
  expect(await read(near, 'key', () => 'old', ['tag'])).toBe('old');
  await near.store.idle();
  expect(await read(far, 'key', () => 'never', ['tag'])).toBe('old');
  await far.store.evict(['tag']);
  await eventually(() => near.clock.instant().tick === far.clock.instant().tick);
  expect(await read(near, 'key', () => 'new', ['tag'])).toBe('new');
  await near.store.idle();
  const page = await near.inspector.entries({ cursor: '0', prefix: 'key' });
  expect([...page.entries.map(({ key }) => key), page.cursor]).not.toEqual([undefined]);
  await near.store.clear();
  await eventually(async () => (await server.command<string[]>('KEYS', 'strata:*')).length === 0);
  expect(await server.command('ACL', 'LOG')).toEqual([]);
});

it('without INFO the numbers of Redis are missing, and nothing else', async () => {
  const near = await node(options());
  await live(near);
  const { redis } = count(near.events, 'redis');
  expect(await new RedisUsageReader(near.redis).read()).toBeUndefined();
  await near.store.evict(['tag']);
  expect(redis).toBe(0);
});
