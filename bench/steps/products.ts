import { ask } from '../ask';
import { addProduct, page, warmUp } from '../catalogue-requests';
import { load, medians } from '../load';
import { count, number, ratio } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

export const products: Step = { name: 'products', title: 'As the catalogue grows', run };

interface Catalogue {
  rows: number;
  url: string;
  pid: number;
}

interface Result {
  rows: number;
  perSecond: number;
  hit: number;
  /** Milliseconds right after an insert, in the order of `AFTER_INSERT`. */
  misses: number[];
}

/** What is asked right after a product of the category "kitchen" was added, so that each is a miss. */
const AFTER_INSERT: Record<string, string> = {
  'page 1': page(1),
  'page 1 of a category': '/api/products?category=kitchen',
  'in stock of a category': '/api/products?category=kitchen&in_stock=true',
  'a range of prices': '/api/products?min_price=20&max_price=50',
  featured: '/api/products/featured',
  stats: '/api/products/stats',
};
const GOAL = '≤ 1.50';

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  const catalogues: Catalogue[] = [];
  for (const rows of profile.growth) {
    progress(`filling ${count(rows)} products`);
    const { url, pid } = await lab.strata(lab.settings(await lab.database(rows)));
    await warmUp(url, 9);
    catalogues.push({ rows, url, pid });
  }
  const asked = await interleaved(catalogues, profile.repeats, async ({ rows, url }, round) => {
    progress(`misses and hits, round ${round + 1}/${profile.repeats}, ${count(rows)}`);
    const misses: number[] = [];
    for (const path of Object.values(AFTER_INSERT)) {
      await addProduct(url);
      misses.push((await ask(url, path)).ms);
    }
    await ask(url, page(1));
    return { misses, hit: (await ask(url, page(1))).ms };
  });
  const loads = await interleaved(catalogues, profile.rounds, ({ rows, url, pid }, round) => {
    progress(`hits under load, round ${round + 1}/${profile.rounds}, ${count(rows)}`);
    return load({ url: url + page(1), pid }, profile.seconds);
  });
  return report(
    catalogues.map((one) => ({
      rows: one.rows,
      perSecond: medians(loads.get(one)!).perSecond,
      hit: median(asked.get(one)!.map(({ hit }) => hit)),
      misses: Object.keys(AFTER_INSERT).map((_, at) => median(asked.get(one)!.map(({ misses }) => misses[at]!))),
    })),
  );
}

function report(results: Result[]): Section {
  return {
    title: 'As the catalogue grows',
    text: [
      'Requests right after a product was added (so rows, their number and the figures of all categories are read from PostgreSQL again), a new product for each, one request ' +
        'at a time, milliseconds at the client; and page 1 once more. Then hits under full load. A hit does not know of the size of the table, and nor do counts and figures that are ' +
        'sums of `product_totals`, or for a range of prices of `product_price_totals`. What grows is the count of any other filter: PostgreSQL counts its rows.',
    ],
    tables: [
      {
        columns: ['right after an insert', ...results.map(({ rows }) => `${count(rows)} ms`), 'ratio', 'goal'],
        rows: Object.keys(AFTER_INSERT).map((name, at) => [
          name,
          ...results.map(({ misses }) => number(misses[at]!)),
          ratio(results.at(-1)!.misses[at]! / results[0]!.misses[at]!),
          GOAL,
        ]),
      },
      {
        columns: ['products', 'hit ms', 'hits/s under load'],
        rows: results.map((one) => [count(one.rows), number(one.hit), number(one.perSecond)]),
      },
    ],
    charts: [
      {
        name: 'products',
        title: 'Page 1 as the catalogue grows',
        subtitle: 'Milliseconds at the client, by products in the table; logarithmic',
        kind: 'lines',
        labels: results.map(({ rows }) => count(rows)),
        series: [
          { name: 'hit', values: results.map(({ hit }) => hit) },
          { name: 'miss', values: results.map(({ misses }) => misses[0]!) },
        ],
        format: number,
        logarithmic: true,
      },
    ],
  };
}
