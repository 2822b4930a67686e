import { DataSource, Entity, PrimaryColumn } from 'typeorm';
import { EvictsTags } from '../../../src/caching';
import { TagRules } from '../../../src/caching/write/capture/tag-rules';
import { postgresAndRedis } from '../../support/backends';
import { send, tokenFor } from '../../support/client';
import { eventually } from '../../support/eventually';
import { RedisServer } from '../../support/redis-server';
import { sql } from '../../support/sql';
import { startStrata } from '../../support/strata-process';
import { needs } from '../../support/needs';

needs('postgres', 'redis-server');

interface Ready {
  details: { eviction: { status: string; degraded: boolean; oldest_ms: number } };
}

it('when writes cannot be evicted for five seconds the probe and the log say so, writes go on, and then all is drained', async () => {
  const [backend, redis] = await Promise.all([postgresAndRedis(10), RedisServer.start()]);
  const service = await startStrata({ ...backend.env, REDIS_URL: redis.url });
  try {
    const ready = (): ReturnType<typeof send<Ready>> => send<Ready>(service.url, '/health/ready');
    expect((await ready()).body.details.eviction).toEqual({ status: 'up', degraded: false, oldest_ms: 0 });
    await redis.kill();
    const token = tokenFor('eve', 'editor');
    const patch = (stock: number): ReturnType<typeof send> =>
      send(service.url, '/api/products/1', { method: 'PATCH', token, json: { stock } });
    expect((await patch(41)).status).toBe(200);
    expect((await ready()).body.details.eviction.degraded).toBe(false);
    // As if it had waited for so long.
    await sql(backend.env.DATABASE_URL!, "UPDATE cache_outbox SET created_at = created_at - interval '5 seconds'");
    const degraded = await eventually(async () => {
      const answer = await ready();
      return answer.body.details.eviction.degraded ? answer : Promise.reject(new Error('not yet'));
    });
    expect(degraded.status).toBe(200);
    expect((await patch(42)).status).toBe(200);
    await eventually(() => service.output().includes('writes are not being evicted'));
    await redis.up();
    await eventually(async () => !(await ready()).body.details.eviction.degraded);
    await eventually(() => service.output().includes('the outbox is drained again'));
    await eventually(async () => (await sql(backend.env.DATABASE_URL!, 'SELECT FROM cache_outbox')).length === 0);
  } finally {
    await service.kill();
    await redis.stop();
    await backend.dispose();
  }
});

describe('records that cannot be turned into tags keep no others waiting', () => {
  const faults: string[] = [];

  @Entity('fragile')
  @EvictsTags(({ after }) => [`fragile:${after!.id}`])
  class Fragile {
    @PrimaryColumn()
    id!: string;
  }

  async function rules(): Promise<TagRules> {
    const dataSource = new DataSource({ type: 'postgres', entities: [Fragile] });
    await (dataSource as unknown as { buildMetadatas: () => Promise<void> }).buildMetadatas();
    return new TagRules(dataSource, (table) => faults.push(table));
  }

  it('a rule that throws, a table without a rule, and too many rows: the whole table is evicted', async () => {
    const fragile = await rules();
    const row = { id: '1' };
    expect(fragile.tagsOf([{ table: 'fragile', changes: [[null, row]] }])).toEqual(['fragile:1']);
    expect(fragile.tagsOf([{ table: 'fragile', changes: [[row, null]] }])).toEqual(['table:fragile']);
    expect(faults).toEqual(['fragile']);
    expect(fragile.tagsOf([{ table: 'unheard', changes: [[row, null]] }])).toEqual(['table:unheard']);
    expect(fragile.tagsOf([{ table: 'fragile', changes: null }])).toEqual(['table:fragile']);
  });

  it('more than a thousand tags at once are the tables they are of', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => [null, { id: String(index) }] as const);
    expect((await rules()).tagsOf([{ table: 'fragile', changes: many }])).toEqual(['table:fragile']);
  });
});
