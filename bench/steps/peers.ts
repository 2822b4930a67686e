import { ask } from '../ask';
import { page } from '../catalogue-requests';
import { contest, type Contestant, type Standing, standings } from '../contest';
import { PEERS } from '../peers/peers';
import { CONNECTIONS } from '../load';
import { ratio } from '../report/format';
import type { Section } from '../report/section';
import type { Bench, Step } from '../step';

export const peers: Step = { name: 'peers', title: 'Beside what others do', run };

async function run(bench: Bench): Promise<Section> {
  return report(await contest(bench, await contestants(bench)));
}

async function contestants({ profile, lab, progress }: Bench): Promise<Contestant[]> {
  progress('starting services');
  const database = await lab.database(profile.rows);
  const settings = lab.settings(database);
  const [strata, shared, others] = await Promise.all([
    lab.strata(settings),
    lab.strata({ ...settings, CACHE_L1_MAX_BYTES: '1kb' }),
    Promise.all(PEERS.map((peer) => lab.peer(peer, database))),
  ]);
  const raw = await lab.raw((await ask(strata.url, page(1))).text);
  return [
    { name: 'raw http', url: raw.url, pid: raw.pid },
    { name: 'Strata, L1 hit', url: strata.url + page(1), pid: strata.pid },
    { name: 'Strata, L2 hit', url: shared.url + page(1), pid: shared.pid },
    ...others.map(({ url, pid }, index) => ({ name: PEERS[index]!.name, url: url + page(1), pid })),
  ];
}

function report(all: Standing[]): Section {
  return {
    title: 'Beside what others do',
    text: [
      `The same page of the same PostgreSQL through the same TypeORM query, ${CONNECTIONS} connections, each a small Nest application of its own on ` +
        "the same core, NODE_ENV=production, no logging of requests. The stock interceptor is @nestjs/cache-manager's CacheInterceptor with a TTL of " +
        'five minutes, in memory and on Redis (cache-manager-redis-yet through KeyvAdapter). BentoCache is its memory driver in an interceptor, with ' +
        'serialize: false, its fastest setting.',
      'None of the others learns of a write: they serve the old page until it expires. None of them validates a request, sends a 304 or ' +
        'compresses here; Strata does.',
    ],
    tables: [standings(all)],
    charts: [
      {
        name: 'peers',
        title: 'A cached page, as a share of raw Node http',
        subtitle: 'Requests a second, one process on one core, the same page; more is better',
        kind: 'bars',
        labels: all.map(({ name }) => name),
        series: [{ name: 'ratio to raw', values: all.map((one) => one.ratio) }],
        format: ratio,
      },
    ],
  };
}
