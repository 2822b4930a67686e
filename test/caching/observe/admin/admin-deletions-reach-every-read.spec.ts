import { anyDatabase, onEveryBackend, type Backend } from '../../../support/backends';
import { ProblemBody, send, tokenFor } from '../../../support/client';
import { eventually } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { useService } from '../../../support/service';
import { startStrata, StrataProcess } from '../../../support/strata-process';
import { entryPath } from './routes';
import { needs } from '../../../support/needs';

const token = tokenFor('ada', 'admin', 'editor');
const status = (headers: Headers): string => headers.get('cache-status') ?? '';

onEveryBackend((open) => {
  const service = useService(open);
  const read = async (path: string): Promise<string> => status((await service.get(path)).headers);

  async function kept(path: string): Promise<void> {
    await service.get(path);
    expect(await read(path)).toMatch(/; hit;/);
  }

  it('evicting a tag makes the next read of what carries it a miss, and of nothing else; the response names the stamp', async () => {
    await kept('/api/products/5');
    await kept('/api/products/6');
    const json = { tags: ['product:5', 'product:5', 'no-such-tag'] };
    const { body } = await service.send<{ tags: string[]; epoch: string; tick: number }>('POST', '/api/cache/evict', {
      token,
      json,
    });
    expect(body.tags).toEqual(['product:5', 'no-such-tag']);
    const { body: after } = await service.get<{ node: { epoch: string; tick: number } }>('/api/cache/stats', { token });
    expect(after.node).toMatchObject({ epoch: body.epoch, tick: body.tick });
    expect(await read('/api/products/5')).toMatch(/fwd=uri-miss/);
    expect(await read('/api/products/6')).toMatch(/; hit;/);
  });

  it('deleting one entry makes its next read a miss, and says whether it was there', async () => {
    await kept('/api/products/7');
    const path = entryPath('view:/api/products/:id{"id":7}{}');
    expect((await service.send('DELETE', path, { token })).body).toMatchObject({ found: true });
    expect(await read('/api/products/7')).toMatch(/fwd=uri-miss/);
    expect((await service.send('DELETE', entryPath('nothing'), { token })).body).toEqual({
      key: 'nothing',
      found: false,
    });
  });

  it('clearing makes every read a miss and begins a new epoch', async () => {
    await kept('/api/products/8');
    await kept('/api/products/stats');
    const before = await service.get<{ node: { epoch: string } }>('/api/cache/stats', { token });
    const { body } = await service.send<{ epoch: string }>('DELETE', '/api/cache', { token });
    expect(body.epoch).not.toBe(before.body.node.epoch);
    expect(await read('/api/products/8')).toMatch(/fwd=uri-miss/);
    expect(await read('/api/products/stats')).toMatch(/fwd=uri-miss/);
  });
});

describe('on a shared Redis that may be unavailable', () => {
  needs('redis-server');
  let redis: RedisServer;
  let backend: Backend;
  let nodes: StrataProcess[];
  const first = (): string => nodes[0]?.url ?? '';

  beforeAll(async () => {
    redis = await RedisServer.start();
    backend = await anyDatabase(10_000);
    nodes = [await startStrata({ ...backend.env, REDIS_URL: redis.url, CACHE_PREFIX: 'mine' })];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await redis.stop();
    await backend.dispose();
  });

  it('clearing frees what is under the prefix, and leaves every other key', async () => {
    const others = ['session:1', 'mine2:entry:x', 'other:entry:view:/api/products{}{}', 'min', '*'];
    for (const key of others) await redis.command('SET', key, 'theirs');
    await send(first(), '/api/products/1');
    await eventually(async () => (await redis.command<string[]>('KEYS', 'mine:entry:*')).length > 0);
    expect((await send(first(), '/api/cache', { method: 'DELETE', token })).status).toBe(200);
    expect(await redis.command('KEYS', 'mine:entry:*')).toEqual([]);
    for (const key of others) expect(await redis.command('GET', key)).toBe('theirs');
  });

  it('without Redis: 503 that says to try again, this node obeys at once, and after its return it works', async () => {
    await send(first(), '/api/products/2');
    await redis.kill();
    const evict = (): ReturnType<typeof send<ProblemBody>> =>
      send<ProblemBody>(first(), '/api/cache/evict', { method: 'POST', token, json: { tags: ['product:2'] } });
    const refused = await evict();
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused.headers.get('content-type')).toMatch(/problem\+json/);
    expect(refused.body.detail).toMatch(/This node applied it.*try again/i);
    expect(status((await send(first(), '/api/products/2')).headers)).not.toMatch(/; hit;/);
    const paths: [string, string][] = [
      ['DELETE', '/api/cache'],
      ['DELETE', entryPath('view:/api/products/stats{}{}')],
    ];
    for (const [method, path] of paths) {
      expect((await send(first(), path, { method, token })).status).toBe(503);
    }
    // What needs no Redis goes on.
    await eventually(async () => {
      expect((await send(first(), '/api/cache/stats', { token })).body).toMatchObject({
        node: { redis: 'unavailable' },
      });
    });
    await send(first(), '/api/products/3');
    expect((await send(first(), '/api/cache/entries', { token })).status).toBe(200);
    expect((await send(first(), '/api/cache/entries?cursor=0:0', { token })).status).toBe(503);
    await redis.up();
    await eventually(async () => (await evict()).status === 200);
  });
});
