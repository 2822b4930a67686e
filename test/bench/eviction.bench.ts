import { join } from 'node:path';
import { Client } from 'pg';
import { unwatchTable } from '../../src/caching';
import { type Backend, postgresAndRedis } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { runStrata, startStrata, type StrataProcess } from '../support/strata-process';

/**
 * What eviction costs a writer: the service as it is, against the same service on a database without triggers and with nothing that
 * waits. One request at a time, the two taking turns in blocks, medians of all. Ratios, because machines differ.
 */
const ROUNDS = 12;
const WRITES = 40;
const TOKEN = tokenFor('bench', 'editor');

interface Side {
  backend: Backend;
  service: StrataProcess;
  db: Client;
}

async function side(withEviction: boolean): Promise<Side> {
  const backend = await postgresAndRedis();
  await runStrata('seed.js', ['--count', '10000'], backend.env);
  const db = new Client({ connectionString: backend.env.DATABASE_URL });
  await db.connect();
  if (!withEviction) {
    const runner = { query: async (text: string): Promise<unknown> => (await db.query(text)).rows };
    for (const table of ['watchlist', 'products']) await unwatchTable(runner, table);
  }
  await db.query(`UPDATE products SET category = 'all'`);
  await db.query('VACUUM FULL products');
  const preload = join(__dirname, '../support/preload/no-eviction.cjs');
  const service = await startStrata({
    ...backend.env,
    LOG_LEVEL: 'info',
    ...(withEviction ? {} : { CACHE_LAYERS: 'none', NODE_OPTIONS: `--require ${preload}` }),
  });
  return { backend, service, db };
}

let sides: [bare: Side, evicting: Side];

beforeAll(async () => {
  sides = [await side(false), await side(true)];
});

afterAll(async () => {
  for (const { backend, service, db } of sides) {
    await service.stop();
    await db.end();
    await backend.dispose();
  }
});

async function compare(
  what: string,
  rounds: number,
  writes: number,
  write: (side: Side, n: number) => Promise<unknown>,
): Promise<number> {
  const times: [number[], number[]] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    // Who begins changes with the round: whoever came second found warmer caches.
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      for (let n = 0; n < writes; n += 1) {
        const start = performance.now();
        await write(sides[which], (round + 1) * writes + n);
        if (round >= 0) times[which].push(performance.now() - start);
      }
    }
  }
  const [bare, evicting] = times.map(median) as [number, number];
  console.info(
    `${what}: ${bare.toFixed(2)} ms bare, ${evicting.toFixed(2)} ms evicting, ratio ${(evicting / bare).toFixed(2)}`,
  );
  return evicting / bare;
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

const api = async ({ service }: Side, method: string, path: string, json: unknown): Promise<void> => {
  const { status } = await send(service.url, path, { method, json, token: TOKEN });
  expect(status).toBe(200);
};

it('a write through the API costs at most 1.5 times the bare one', async () => {
  const ratio = await compare('PATCH stock', ROUNDS, WRITES, (one, n) =>
    api(one, 'PATCH', `/api/products/${(n % 500) + 1}`, { stock: n + 1 }),
  );
  expect(ratio).toBeLessThan(1.5);
});

it('repricing 10,000 rows costs at most 1.2 times the bare statement', async () => {
  const ratio = await compare('reprice 10,000', 8, 1, async (one, n) => {
    await api(one, 'POST', '/api/products/reprice', { category: 'all', percent: n % 2 === 0 ? 1 : -1 });
  });
  expect(ratio).toBeLessThan(1.2);
});
