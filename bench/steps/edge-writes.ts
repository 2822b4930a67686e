import { Nginx } from '../../test/support/nginx';
import { allPurged } from '../../test/support/purges';
import { freePort } from '../../test/support/redis-server';
import { Varnish } from '../../test/support/varnish';
import { page } from '../catalogue-requests';
import { secondRequests } from '../edges/purged-meanwhile';
import { unseenWrites } from '../edges/unseen';
import { load } from '../load';
import { has, pin, SERVER_CORE } from '../processes';
import { count, number } from '../report/format';
import type { Section, Table } from '../report/section';
import { quantile } from '../statistics';
import type { Bench, Step } from '../step';

export const edgeWrites: Step = { name: 'edge-writes', title: 'Edges under writes', inDepth: true, run };

/** CACHE_MAX_LAG of the nodes and the second that nginx may serve a response, in ms. */
const BOUND = 2_000;
/** Milliseconds between two writes. */
const WRITE_EVERY = 100;
const PURGES_PER_SECOND = 50;

const port = ({ url }: { url: string }): number => Number(new URL(url).port);

async function run(bench: Bench): Promise<Section> {
  const tables = [
    ...(has('nginx') ? [await staleness(bench)] : []),
    ...(has('varnishd') ? [await hitsKept(bench)] : []),
  ];
  return {
    title: 'Edges under writes',
    text: [
      `nginx: 16 readers of 8 products without a pause, and a load of the first page beside them; every ${WRITE_EVERY} ms one of the two nodes writes a ` +
        'stock. A write is unseen until the start of the last read that shows an older value, counted from its acknowledgement.',
      `Varnish: products that it does not have are asked for twice, one after the other, while ${PURGES_PER_SECOND} purges a second name tags of others. Every ` +
        'second request should be a hit.',
    ],
    tables,
    charts: [],
  };
}

async function staleness({ profile, lab, progress }: Bench): Promise<Table> {
  progress('starting two nodes and nginx');
  const settings = lab.settings(await lab.database(profile.rows));
  const nodes = [await lab.strata(settings), await lab.strata(settings)];
  const nginx = await Nginx.start(nodes.map(port));
  lab.closeLater(() => nginx.stop());
  pin(nginx.worker, SERVER_CORE);
  const seconds = 5 * profile.seconds;
  progress('writing and reading through nginx');
  const target = { url: nginx.url + page(1), pid: nginx.worker };
  const [{ ms, reads }, { perSecond }] = await Promise.all([
    unseenWrites(
      nginx.url,
      nodes.map(({ url }) => url),
      seconds,
      WRITE_EVERY,
    ),
    load(target, seconds),
  ]);
  return {
    columns: ['through nginx, ms', 'p50', 'p99', 'worst', 'goal', 'writes', 'reads', 'load, requests/s'],
    rows: [
      [
        'a write is unseen',
        number(quantile(ms, 0.5)),
        number(quantile(ms, 0.99)),
        number(Math.max(...ms)),
        `≤ ${count(BOUND)}`,
        count(ms.length),
        count(reads),
        count(perSecond),
      ],
    ],
  };
}

async function hitsKept({ profile, lab, progress }: Bench): Promise<Table> {
  progress('starting a node and Varnish');
  const edge = await freePort();
  const settings = lab.settings(await lab.database(profile.rows));
  const node = await lab.strata({
    ...settings,
    EDGE_PURGE: 'varnish',
    EDGE_PURGE_URL: `http://127.0.0.1:${edge}`,
  });
  const varnish = await Varnish.start([port(node)], edge);
  lab.closeLater(() => varnish.stop());
  await allPurged(settings.DATABASE_URL!);
  const products = Math.min(100 * profile.rounds, profile.rows / 3);
  const rows: string[][] = [];
  for (const [index, perSecond] of [0, PURGES_PER_SECOND].entries()) {
    progress(`${perSecond} purges a second`);
    const { hits, of, purges } = await secondRequests(varnish.url, 1 + index * products, products, 1_000 / perSecond);
    const share = `${number((hits / of) * 100)} %`;
    rows.push([`${perSecond} purges a second`, share, perSecond > 0 ? '≥ 95 %' : '', count(of), count(purges)]);
  }
  return { columns: ['Varnish', 'second requests that are hits', 'goal', 'of', 'purges'], rows };
}
