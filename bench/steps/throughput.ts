import { tokenFor } from '../../test/support/client';
import { ask } from '../ask';
import { page, UNSEEN } from '../catalogue-requests';
import { contest, type Contestant, named, type Standing, standings } from '../contest';
import { l2Bytes } from '../l2-bytes';
import { CONNECTIONS } from '../load';
import { count, number, ratio } from '../report/format';
import type { Section } from '../report/section';
import type { Bench, Step } from '../step';

const DASHBOARD = '/api/me/dashboard';
const RAW_DASHBOARD = 'raw http, the dashboard';
const MISS = 'miss';
const UNCACHED = 'the same with CACHE_LAYERS=none';
const PLAIN = 'the same by findAndCount, no cache';

export const throughput: Step = { name: 'throughput', title: 'What a response costs', run };

async function run(bench: Bench): Promise<Section> {
  const { all, bytes } = await contestants(bench);
  return report(await contest(bench, all), bytes);
}

/** Bytes in L2 of a cached page and of a cached product. */
type Bytes = readonly number[];

async function contestants({ profile, lab, progress }: Bench): Promise<{ all: Contestant[]; bytes: Bytes }> {
  progress('starting services');
  const settings = lab.settings(await lab.database(profile.rows));
  const [cached, shared, missing, strict, plain, peer] = await Promise.all([
    lab.strata(settings),
    // Too small for one page: every hit is one of L2.
    lab.strata({ ...settings, CACHE_L1_MAX_BYTES: '1kb' }),
    // Its misses push nothing out that the others need.
    lab.strata(settings),
    lab.strata({ ...settings, CACHE_CONSISTENCY: 'strict' }),
    lab.strata({ ...settings, CACHE_LAYERS: 'none' }),
    lab.program('peers/plain.ts', { DATABASE_URL: settings.DATABASE_URL! }),
  ]);
  const token = tokenFor('bench');
  for (let id = 1; id <= 50; id += 1) await ask(cached.url, `/api/me/watchlist/${id}`, { method: 'PUT', token });
  const { headers, text } = await ask(cached.url, page(1));
  const dashboard = await ask(cached.url, DASHBOARD, { token });
  const raw = await lab.raw(text);
  const rawDashboard = await lab.raw(dashboard.text);
  const alike = await lab.raw(text, sentBy(headers));
  const at = ({ url, pid }: { url: string; pid: number }, path: string): { url: string; pid: number } => ({
    url: url + path,
    pid,
  });
  const bytes = await l2Bytes(lab.redisUrl, settings.CACHE_PREFIX!, ['view:/api/products', 'entity:product']);
  const all: Contestant[] = [
    { name: 'raw http', ...at(raw, '/') },
    { name: 'raw http, with all headers of a hit', ...at(alike, '/') },
    { name: RAW_DASHBOARD, ...at(rawDashboard, '/') },
    { name: 'L1 hit', goal: '≥ 0.80', ...at(cached, page(1)) },
    {
      name: '304',
      goal: '≥ its hit',
      ...at(cached, page(1)),
      headers: { 'if-none-match': String(headers.etag) },
    },
    { name: 'L1 hit, gzip', ...at(cached, page(1)), headers: { 'accept-encoding': 'gzip' } },
    {
      name: 'L1 hit through the whole pipeline',
      goal: '≥ 0.60',
      ...at(cached, page(1)),
      // The front leaves it to the pipeline, which makes nothing of it.
      headers: { pragma: 'no-cache' },
    },
    {
      name: 'private L1 hit (dashboard)',
      goal: '≥ 0.60',
      against: RAW_DASHBOARD,
      ...at(cached, DASHBOARD),
      headers: { authorization: `Bearer ${token}` },
    },
    { name: 'L2 hit', goal: '≥ 0.60', ...at(shared, page(1)) },
    { name: 'strict L1 hit', goal: '≥ 0.40', ...at(strict, page(1)) },
    { name: MISS, goal: 'CPU ≤ findAndCount', ...at(missing, UNSEEN) },
    { name: UNCACHED, ...at(plain, UNSEEN) },
    { name: PLAIN, ...at(peer, UNSEEN) },
    { name: 'page 1 with CACHE_LAYERS=none', ...at(plain, page(1)) },
  ];
  return { all, bytes };
}

/** The headers that the service sets, without those of node's own server. */
function sentBy(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const own = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (own.includes(name) ? [] : [[name, String(value)]])),
  );
}

function report(all: Standing[], [ofPage, ofProduct]: Bytes): Section {
  const cpu = (name: string): number => named(all, name).cpu;
  return {
    title: 'What a response costs',
    text: [
      `The first page of 50 products (about 9 kB), ${CONNECTIONS} connections, one process on one core. Raw is Node's bare http server answering the ` +
        'same body, in the second row with the same headers as well. The dashboard shows 50 products too, in about 13 kB, and its ratio is to raw http with that body. A miss is that page under a URL that was never requested, so each is loaded, stored in both tiers and sent.',
      `A miss takes ${number(cpu(MISS) / cpu(PLAIN))} times the processor time of the same page by Nest, Fastify and TypeORM's \`findAndCount\` without any cache (goal: ≤ 1.0), and ` +
        `${number(cpu(MISS) / cpu(UNCACHED))} times that of the same route with CACHE_LAYERS=none. In Redis the page takes ${count(ofPage!)} bytes, and a product ${count(ofProduct!)}.`,
      'L2 hits come from a node whose L1 is too small to keep the page. p50 and p99 are those of a saturated server: they show the queue that the 32 ' +
        'connections make, and fall with the load.',
    ],
    tables: [standings(all)],
    charts: [
      {
        name: 'throughput',
        title: 'Requests a second, as a share of raw Node http',
        subtitle: 'The same page of 50 products, one process on one core; more is better',
        kind: 'bars',
        labels: all.map(({ name }) => name),
        series: [{ name: 'ratio to raw', values: all.map((one) => one.ratio) }],
        format: ratio,
      },
    ],
  };
}
