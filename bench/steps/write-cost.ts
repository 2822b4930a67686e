import { ask } from '../ask';
import { EDITOR } from '../catalogue-requests';
import { costs } from '../cost';
import type { Section } from '../report/section';
import type { Bench, Step } from '../step';

/** Requests one after the other before the other side has its turn. */
const BLOCK = 200;
/** Products that are written in turn. */
const PRODUCTS = 500;

export const writeCost: Step = { name: 'write-cost', title: 'What a write costs the server', run };

async function run(bench: Bench): Promise<Section> {
  const { profile, lab, progress } = bench;
  progress('starting services');
  const plain = async (guarded: string): Promise<{ url: string; pid: number }> =>
    lab.program('peers/plain.ts', { DATABASE_URL: await lab.database(profile.rows), GUARDED: guarded });
  let stock = 0;
  const patch = async ({ url }: { url: string }): Promise<void> => {
    for (let n = 1; n <= BLOCK; n += 1) {
      const id = (n % Math.min(PRODUCTS, profile.rows)) + 1;
      await ask(url, `/api/products/${id}`, { method: 'PATCH', token: EDITOR, json: { stock: (stock += 1) } });
    }
  };
  const sides = [
    { name: 'findOneBy + save, with a token and a valid body', ...(await plain('yes')), requests: BLOCK, run: patch },
    { name: 'the same, without guard and validation', ...(await plain('no')), requests: BLOCK, run: patch },
    {
      name: 'Strata',
      goal: '≤ 1.10',
      ...(await lab.strata(lab.settings(await lab.database(profile.rows)))),
      requests: BLOCK,
      run: patch,
    },
  ];
  return {
    title: 'What a write costs the server',
    text: [
      'Processor time of the server process for one PATCH of one field, until every node is right: with the stamp, and with what the node does on the side. The peer is ' +
        "Nest, Fastify and TypeORM's `findOneBy` and `save`, without cache. As Strata does, the first one verifies the token (`JwtService` in a guard) and the body (`ValidationPipe`); " +
        `the second one takes what it gets. ${profile.rows.toLocaleString('en')} products, one request at a time, ${BLOCK} in a turn, medians of the turns.`,
    ],
    tables: [await costs(bench, 'CPU µs for one PATCH', sides)],
    charts: [],
  };
}
