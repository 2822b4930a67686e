import { ask } from '../ask';
import { EDITOR } from '../catalogue-requests';
import { count, number, ratio } from '../report/format';
import type { Section } from '../report/section';
import { cpuMicroseconds } from '../processes';
import { interleaved } from '../rounds';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

/** Requests one after the other before the other side has its turn, and turns of both that only warm up. */
const BLOCK = 200;
const WARM_UP = 10;
/** Products that are written in turn. */
const PRODUCTS = 500;

export const writeCost: Step = { name: 'write-cost', title: 'What a write costs the server', run };

interface Side {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  progress('starting services');
  const plain = await lab.program('peers/plain.ts', { DATABASE_URL: await lab.database(profile.rows) });
  const strata = await lab.strata(lab.settings(await lab.database(profile.rows)));
  const sides: Side[] = [
    { name: 'findOneBy + save, no cache', ...plain },
    { name: 'Strata', ...strata },
  ];
  let stock = 0;
  const turns = WARM_UP + Math.max(4, profile.repeats);
  const measured = await interleaved(sides, turns, async ({ url, pid }, round) => {
    progress(`round ${round + 1}/${turns}`);
    const before = cpuMicroseconds(pid);
    for (let n = 1; n <= BLOCK; n += 1) {
      const id = (n % Math.min(PRODUCTS, profile.rows)) + 1;
      await ask(url, `/api/products/${id}`, { method: 'PATCH', token: EDITOR, json: { stock: (stock += 1) } });
    }
    return (cpuMicroseconds(pid) - before) / BLOCK;
  });
  const costs = [...measured].map(([side, all]) => ({ side, cost: median(all.slice(WARM_UP)) }));
  const reference = costs[0]!.cost;
  return {
    title: 'What a write costs the server',
    text: [
      'Processor time of the server process for one PATCH of one field, until every node is right: with the stamp, and with what the node does on the side. The peer is ' +
        `Nest, Fastify and TypeORM's \`findOneBy\` and \`save\`, without cache, guards or validation. ${count(profile.rows)} products, one request at a time, ` +
        `${BLOCK} in a turn, medians of the turns.`,
    ],
    tables: [
      {
        columns: ['', 'CPU µs for one PATCH', 'ratio', 'goal'],
        rows: costs.map(({ side, cost }) => [
          side.name,
          number(cost),
          ratio(cost / reference),
          side.name === 'Strata' ? '≤ 1.10' : '',
        ]),
      },
    ],
    charts: [],
  };
}
