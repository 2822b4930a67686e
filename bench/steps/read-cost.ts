import { ask } from '../ask';
import { EDITOR, page } from '../catalogue-requests';
import { catalogueSelects } from '../catalogue-statements';
import { costs, type CostSide, WARM_UP } from '../cost';
import { number } from '../report/format';
import type { Section } from '../report/section';
import { StatementProxy } from '../statement-proxy';
import type { Bench, Step } from '../step';

/** Requests of a turn, at most. */
const BLOCK = 100;
const PAGE_SIZE = 50;

export const readCost: Step = { name: 'read-cost', title: 'What a read after a write costs the server', run };

/** A product of each page, and the products in the order in which they are listed. */
interface Listed {
  readonly pages: number;
  readonly ids: readonly number[];
}

async function run(bench: Bench): Promise<Section> {
  const { profile, lab, progress } = bench;
  progress('starting services');
  const plain = await lab.program('peers/plain.ts', { DATABASE_URL: await lab.database(profile.rows) });
  const proxy = await StatementProxy.to(await lab.database(profile.rows));
  lab.closeLater(() => proxy.close());
  // Nothing expires in the meantime.
  const strata = await lab.strata({ ...lab.settings(proxy.url), CACHE_TTL: '1h' });
  const listed = await list(strata.url, Math.min(BLOCK, Math.floor(profile.rows / PAGE_SIZE)));
  return {
    title: 'What a read after a write costs the server',
    text: [
      'Processor time of the server process, and catalogue SELECTs on the wire, for one request at a time. "After a sale": one of the 50 products on the page got another stock ' +
        'since the page was last read. "Seen in a list": the page of a product that only lists have shown so far. The peer is Nest, Fastify and TypeORM without cache, by ' +
        `\`findAndCount\` and \`findOneBy\`. ${profile.rows.toLocaleString('en')} products, up to ${BLOCK} requests in a turn, medians of the turns.`,
    ],
    tables: [
      await costs(
        bench,
        'CPU µs for one page',
        [
          { name: 'page by findAndCount, no cache', ...plain, ...afterSales(listed) },
          { name: 'Strata: page after a sale', goal: '≤ 0.40', ...strata, ...counting(proxy, afterSales(listed)) },
        ],
        ['queries/1,000', 'goal'],
      ),
      await costs(
        bench,
        'CPU µs for one product',
        [
          { name: 'product by findOneBy, no cache', ...plain, ...firstReads(listed) },
          { name: 'Strata: product seen in a list', ...strata, ...counting(proxy, firstReads(listed)) },
        ],
        ['queries/1,000', 'goal'],
      ),
    ],
    charts: [],
  };
}

async function list(url: string, pages: number): Promise<Listed> {
  const ids: number[] = [];
  for (let n = 1; n <= pages; n += 1) {
    const { results } = JSON.parse((await ask(url, page(n))).text) as { results: { id: number }[] };
    ids.push(...results.map(({ id }) => id));
  }
  return { pages, ids };
}

type Work = Pick<CostSide, 'requests' | 'prepare' | 'run' | 'cells'>;

function afterSales({ pages, ids }: Listed): Work {
  const read = async ({ url }: CostSide): Promise<void> => {
    for (let n = 1; n <= pages; n += 1) await ask(url, page(n));
  };
  return {
    requests: pages,
    prepare: async (side, turn) => {
      await read(side);
      for (let n = 0; n < pages; n += 1) {
        const path = `/api/products/${ids[n * PAGE_SIZE + (turn % PAGE_SIZE)]}`;
        await ask(side.url, path, { method: 'PATCH', token: EDITOR, json: { stock: 1_000 + turn } });
      }
    },
    run: read,
  };
}

/** Each turn has products of its own, while there are some. */
function firstReads({ pages, ids }: Listed): Work {
  return {
    requests: pages,
    run: async ({ url }, turn) => {
      const first = turn * pages;
      for (let n = first; n < first + pages; n += 1) await ask(url, `/api/products/${ids[n % ids.length]}`);
    },
  };
}

/** Counts what the measured turns ask: of its first records after it has started, a node puts no row into the cache. */
function counting({ statements }: StatementProxy, work: Work): Work {
  let [reads, selects] = [0, 0];
  return {
    ...work,
    run: async (side, turn) => {
      const before = statements.length;
      await work.run(side, turn);
      if (turn < WARM_UP) return;
      reads += work.requests;
      selects += catalogueSelects(statements.slice(before)).length;
    },
    cells: () => [number((selects / reads) * 1_000), '0'],
  };
}
