/**
 * What a hit costs, over HTTP: `npm run bench:view`.
 *
 * Workload: a page of 50 products (about 9 kB), 32 connections, medians of interleaved rounds. The server has core 0 to itself, the
 * load generator core 1. Ratios are to Node's bare http server answering the same bytes in the same run, by throughput and by the
 * processor time that the server took for a request: the second is the steadier one on a machine that does other things.
 * Needs wrk, PostgreSQL and Redis.
 */
import { postgresAndRedis } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { runStrata, startStrata, StrataProcess } from '../support/strata-process';
import { load, pin, startRaw, table } from './http-load';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const MISSES = 400;

interface Case {
  name: string;
  goal?: string;
  url: string;
  pid: number;
  headers?: Record<string, string>;
}

async function main(): Promise<void> {
  const backend = await postgresAndRedis();
  await runStrata('seed.js', ['--count', '10000'], backend.env);
  const cached = await startStrata(backend.env);
  // Too small for one page: every hit is one of L2.
  const shared = await startStrata({
    ...backend.env,
    CACHE_PREFIX: `${backend.env.CACHE_PREFIX}-l2`,
    CACHE_L1_MAX_BYTES: '1kb',
  });
  const plain = await startStrata({ ...backend.env, CACHE_LAYERS: 'none' });
  const nodes = [cached, shared, plain];
  nodes.forEach(({ child }) => pin(child.pid ?? 0));
  try {
    const list = '/api/products?page=1';
    const page = await send(cached.url, list);
    const raw = await startRaw(page.text);
    const token = tokenFor('bench');
    const authorization = `Bearer ${token}`;
    for (let id = 1; id <= 50; id++) await send(cached.url, `/api/me/watchlist/${id}`, { method: 'PUT', token });

    const pid = (node: StrataProcess): number => node.child.pid ?? 0;
    const cases: Case[] = [
      { name: 'raw http', url: raw.url, pid: raw.pid },
      { name: 'public L1 hit', goal: '≥ 0.80', url: cached.url + list, pid: pid(cached) },
      {
        name: '304',
        goal: '≥ its hit',
        url: cached.url + list,
        pid: pid(cached),
        headers: { 'if-none-match': page.headers.get('etag') ?? '' },
      },
      { name: 'gzip hit', url: cached.url + list, pid: pid(cached), headers: { 'accept-encoding': 'gzip' } },
      {
        name: 'public L1 hit, whole pipeline',
        url: cached.url + list,
        pid: pid(cached),
        headers: { 'cache-control': 'max-age=0' },
      },
      {
        name: 'private L1 hit',
        goal: '≥ 0.55',
        url: `${cached.url}/api/me/dashboard`,
        pid: pid(cached),
        headers: { authorization },
      },
      { name: 'L2 hit', goal: '≥ 0.35', url: shared.url + list, pid: pid(shared) },
      { name: 'CACHE_LAYERS=none', url: plain.url + list, pid: pid(plain) },
    ];
    const runs = cases.map(() => [] as Awaited<ReturnType<typeof load>>[]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, { url, headers, pid }] of cases.entries()) {
        process.stderr.write(`\rround ${round + 1}/${ROUNDS}: ${cases[index]?.name}${' '.repeat(40)}`);
        runs[index]?.push(await load(url, pid, headers));
      }
    }
    process.stderr.write('\r');
    console.log(table(cases, runs));
    console.log(await missCost(cached, plain));
    raw.stop();
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await backend.dispose();
  }
}

/** One request at a time, the same distinct lists on both nodes in turn: what caching adds to an answer it does not have. */
async function missCost(cached: StrataProcess, plain: StrataProcess): Promise<string> {
  const ratios: number[] = [];
  for (let index = 1; index <= MISSES; index++) {
    const path = `/api/products?max_price=${(100 + index / 100).toFixed(2)}&ordering=price`;
    const order = index % 2 === 0 ? [cached, plain] : [plain, cached];
    const ms = new Map<StrataProcess, number>();
    for (const node of order) {
      const start = performance.now();
      await send(node.url, path);
      ms.set(node, performance.now() - start);
    }
    ratios.push((ms.get(cached) ?? 0) / (ms.get(plain) ?? 1));
  }
  ratios.sort((a, b) => a - b);
  return `a miss takes ${ratios[MISSES / 2]?.toFixed(2)} × the same route with CACHE_LAYERS=none (goal ≤ 1.15; median of ${MISSES} pairs)`;
}

void main();
