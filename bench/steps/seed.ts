import { ask } from '../ask';
import { addProduct, page, warmUp } from '../catalogue-requests';
import { number } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

const LAYERS = [
  { name: 'none', layers: 'none' },
  { name: 'view', layers: 'view' },
  { name: 'query', layers: 'query' },
  { name: 'both', layers: 'view,query' },
];
const PAGES = [1, 2, 3];

interface Node {
  name: string;
  url: string;
}

/** The first and the second request of one page, in ms. */
type Pair = [first: number, second: number];

export const seed: Step = { name: 'seed', title: 'First and second request, layer by layer', run };

async function run(bench: Bench): Promise<Section> {
  const { profile, lab, progress } = bench;
  const nodes: Node[] = [];
  for (const { name, layers } of LAYERS) {
    progress(`starting with CACHE_LAYERS=${layers}`);
    const settings = lab.settings(await lab.database(profile.rows));
    const { url } = await lab.strata({ ...settings, CACHE_LAYERS: layers });
    await warmUp(url);
    nodes.push({ name, url });
  }
  const rounds = await interleaved(nodes, profile.repeats, async ({ url }, round) => {
    progress(`round ${round + 1}/${profile.repeats}`);
    await addProduct(url);
    const pairs: Pair[] = [];
    for (const one of PAGES) pairs.push([(await ask(url, page(one))).ms, (await ask(url, page(one))).ms]);
    return pairs;
  });
  return report(bench, rounds);
}

function report({ profile }: Bench, rounds: Map<Node, Pair[][]>): Section {
  const nodes = [...rounds.keys()];
  const typical = (node: Node, at: number, which: 0 | 1): number =>
    median(rounds.get(node)!.map((pairs) => pairs[at]![which]));
  return {
    title: 'First and second request, layer by layer',
    text: [
      `The tables of the article that Strata starts from: pages 1 to 3 of ${profile.rows.toLocaleString('en')} products, 50 a page, ` +
        'asked one after the other, in milliseconds at the client. Before each round a product is added, so that every page is a first request ' +
        `again. Medians of ${profile.repeats} rounds, the four services taking turns; each has run for a while before.`,
      'The article reports 200–300 ms and 10–20 ms for a cached view, and 200, 205, 210 and 15, 16, 16 ms for a cached query on pages 1 to 3, ' +
        "with Django's development server on another machine: compare the shape, not the milliseconds.",
    ],
    tables: [
      {
        columns: ['page', ...nodes.flatMap(({ name }) => [`${name}: first`, 'second'])],
        rows: PAGES.map((one, at) => [
          String(one),
          ...nodes.flatMap((node) => [number(typical(node, at, 0)), number(typical(node, at, 1))]),
        ]),
      },
    ],
    charts: [
      {
        name: 'seed',
        title: 'Page 1: first and second request',
        subtitle: 'Milliseconds at the client, by the layers that are switched on; less is better',
        kind: 'bars',
        labels: nodes.map(({ name }) => `CACHE_LAYERS ${name}`),
        series: [
          { name: 'first', values: nodes.map((node) => typical(node, 0, 0)) },
          { name: 'second', values: nodes.map((node) => typical(node, 0, 1)) },
        ],
        format: number,
      },
    ],
  };
}
