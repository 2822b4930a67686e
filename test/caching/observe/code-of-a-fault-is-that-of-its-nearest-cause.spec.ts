import { CacheError } from '../../../src/caching';
import { codeOf } from '../../../src/caching/observe/health';
import { needs } from '../../support/needs';
import { RedisServer } from '../../support/redis-server';

needs('redis-server');

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.stop());

const replyTo = (...command: string[]): Promise<unknown> => server.command(...command).catch((error: unknown) => error);
const around = (cause: unknown): Error => new Error('the proof failed', { cause });
const untrusted = (cause: unknown): CacheError => new CacheError('CACHE_UNTRUSTED', 'no proof', { cause });
const system = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

it.each<[string, () => unknown, string]>([
  ['of the system', () => system, 'ECONNREFUSED'],
  ['of the system, wrapped twice', () => around(around(system)), 'ECONNREFUSED'],
  ['of ours', () => new CacheError('CACHE_TIMEOUT', 'late', { cause: system }), 'CACHE_TIMEOUT'],
  ['below our own word that there is no proof', () => untrusted(around(system)), 'ECONNREFUSED'],
  ['of Redis', () => replyTo('HGET', 'a'), 'ERR'],
  ['of Redis, wrapped', async () => untrusted(around(await replyTo('SELECT', '99'))), 'ERR'],
  ['of a replica, wrapped', async () => around(await refused('REPLICAOF', '127.0.0.1', '1')), 'READONLY'],
  ['of nothing', () => around(undefined), 'CACHE_OUTBOX_UNUSABLE'],
  ['of a text', () => 'broken', 'CACHE_OUTBOX_UNUSABLE'],
])('%s', async (_what, cause, code) => {
  expect(codeOf(await cause())).toBe(code);
});

/** What the server replies to a write once it is a replica. */
async function refused(...demotion: string[]): Promise<unknown> {
  await server.command(...demotion);
  return replyTo('SET', 'a', '1');
}
