import { join } from 'node:path';
import { Client } from 'pg';
import { unwatchTable } from '../../src/caching';
import { ask } from '../ask';
import { EDITOR, UNSEEN } from '../catalogue-requests';
import type { Lab } from '../lab';
import { number, ratio } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { median, quantile } from '../statistics';
import type { Bench, Step } from '../step';

const NO_EVICTION = join(__dirname, '../../test/support/preload/no-eviction.cjs');
/** Requests one after the other before the other side has its turn. */
const BLOCK = 20;
/** Turns of such a block that only warm a side up, for each that counts: the compiler has to be done with both alike. */
const WARM_UP = 2;

export const writes: Step = { name: 'writes', title: 'What caching adds to a write and to a miss', inDepth: true, run };

interface Side {
  name: 'bare' | 'cached';
  url: string;
}

interface Case {
  name: string;
  goal: string;
  /** In one turn. */
  requests: number;
  turns: number;
  request: (side: Side, n: number) => Promise<{ ms: number }>;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  progress('starting services');
  const sides = [await bare(lab, profile.rows), await cached(lab, profile.rows)];
  const rows: string[][] = [];
  for (const one of cases(profile.repeats, profile.rows)) {
    progress(one.name);
    let n = 0;
    const warmUp = one.requests === 1 ? 0 : one.turns * WARM_UP;
    for (const side of sides) for (let i = 0; i < warmUp * one.requests; i += 1) await one.request(side, (n += 1));
    // The first turn only warms up.
    const times = await interleaved(sides, one.turns + 1, async (side) => {
      const ms: number[] = [];
      for (let i = 0; i < one.requests; i += 1) ms.push((await one.request(side, (n += 1))).ms);
      return ms;
    });
    const [without, with_] = [...times.values()].map((turns) => turns.slice(1).flat()) as [number[], number[]];
    rows.push([
      one.name,
      number(median(without)),
      number(median(with_)),
      ratio(median(with_) / median(without)),
      one.goal,
      `${number(quantile(without, 0.9))} / ${number(quantile(with_, 0.9))}`,
    ]);
  }
  return {
    title: 'What caching adds to a write and to a miss',
    text: [
      'The service as it is against the same service without caches, triggers and anything that waits for eviction: one request at a time, milliseconds at ' +
        `the client, medians, the two taking turns. All ${profile.rows.toLocaleString('en')} products are of one category, so repricing writes every row.`,
    ],
    tables: [{ columns: ['', 'bare ms', 'Strata ms', 'ratio', 'goal', 'p90 ms, both'], rows }],
    charts: [],
  };
}

function cases(repeats: number, rows: number): Case[] {
  return [
    {
      name: 'PATCH one product',
      goal: '≤ 1.50',
      requests: BLOCK,
      turns: repeats,
      request: ({ url }, n) =>
        ask(url, `/api/products/${(n % Math.min(500, rows)) + 1}`, {
          method: 'PATCH',
          token: EDITOR,
          json: { stock: n },
        }),
    },
    {
      name: `reprice ${rows.toLocaleString('en')} products`,
      goal: '≤ 1.20',
      requests: 1,
      turns: Math.ceil(repeats / 2),
      request: ({ url }, n) =>
        ask(url, '/api/products/reprice', {
          method: 'POST',
          token: EDITOR,
          json: { category: 'all', percent: n % 2 === 0 ? 1 : -1 },
        }),
    },
    {
      name: 'GET that misses',
      goal: '≤ 1.15',
      requests: BLOCK,
      turns: repeats,
      request: ({ url }, n) => ask(url, UNSEEN.replace('{n}', String(1_000_000 + n))),
    },
  ];
}

async function cached(lab: Lab, rows: number): Promise<Side> {
  const database = await oneCategory(lab, rows, async () => {});
  return { name: 'cached', url: (await lab.strata(lab.settings(database))).url };
}

async function bare(lab: Lab, rows: number): Promise<Side> {
  const database = await oneCategory(lab, rows, async (db) => {
    const runner = { query: async (text: string): Promise<unknown> => (await db.query(text)).rows };
    for (const table of ['watchlist', 'products']) await unwatchTable(runner, table);
  });
  const env = { ...lab.settings(database), CACHE_LAYERS: 'none', NODE_OPTIONS: `--require ${NO_EVICTION}` };
  return { name: 'bare', url: (await lab.strata(env)).url };
}

async function oneCategory(lab: Lab, rows: number, prepare: (db: Client) => Promise<void>): Promise<string> {
  const url = await lab.database(rows);
  const db = new Client({ connectionString: url });
  await db.connect();
  try {
    await prepare(db);
    await db.query(`UPDATE products SET category = 'all'`);
    await db.query('VACUUM FULL products');
  } finally {
    await db.end();
  }
  return url;
}
