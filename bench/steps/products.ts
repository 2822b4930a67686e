import { ask } from '../ask';
import { addProduct, page, warmUp } from '../catalogue-requests';
import { load, medians } from '../load';
import { count, number } from '../report/format';
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
  miss: number;
}

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
    await addProduct(url);
    return { miss: (await ask(url, page(1))).ms, hit: (await ask(url, page(1))).ms };
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
      miss: median(asked.get(one)!.map(({ miss }) => miss)),
    })),
  );
}

function report(results: Result[]): Section {
  return {
    title: 'As the catalogue grows',
    text: [
      'Page 1 right after a product was added (so rows and their number are asked of PostgreSQL again) and once more, one request at a time; then hits under ' +
        'full load. A hit knows nothing of the size of the table. What a miss grows by is the count of the list: PostgreSQL has to look at every row.',
    ],
    tables: [
      {
        columns: ['products', 'miss ms', 'hit ms', 'hits/s under load'],
        rows: results.map((one) => [count(one.rows), number(one.miss), number(one.hit), number(one.perSecond)]),
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
          { name: 'miss', values: results.map(({ miss }) => miss) },
        ],
        format: number,
        logarithmic: true,
      },
    ],
  };
}
