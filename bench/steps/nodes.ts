import { ask } from '../ask';
import { addProduct, EDITOR, page, warmUp } from '../catalogue-requests';
import type { Node } from '../lab';
import { load, medians } from '../load';
import { cpuSeconds } from '../processes';
import { count, number } from '../report/format';
import type { Section } from '../report/section';
import { median, sum } from '../statistics';
import type { Bench, Step } from '../step';

const WRITES = 20;

export const nodes: Step = { name: 'nodes', title: 'As nodes are added', run };

interface Result {
  nodes: number;
  writeMs: number;
  /** Microseconds of processor time of all nodes together for one write. */
  writeCpu: number;
  missMs: number;
  /** What another node takes for its first request of a page that one node has made; NaN with one node. */
  l2Ms: number;
  perSecond: number;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  const settings = lab.settings(await lab.database(profile.rows));
  const running: Node[] = [];
  const results: Result[] = [];
  for (const wanted of profile.nodes) {
    progress(`starting node ${wanted}`);
    while (running.length < wanted) {
      const node = await lab.strata(settings);
      await warmUp(node.url);
      running.push(node);
    }
    progress(`measuring ${wanted} nodes`);
    results.push(await measure(running, { profile, lab, progress }));
  }
  return report(results);
}

async function measure(all: readonly Node[], { profile }: Bench): Promise<Result> {
  const [first] = all as [Node];
  const before = all.map(({ pid }) => cpuSeconds(pid));
  const written: number[] = [];
  for (let n = 1; n <= WRITES * profile.repeats; n += 1) {
    const question = { method: 'PATCH', token: EDITOR, json: { stock: n } };
    written.push((await ask(first.url, `/api/products/${(n % 200) + 1}`, question)).ms);
  }
  const cpu = sum(all.map(({ pid }, index) => cpuSeconds(pid) - before[index]!));
  const missed: number[] = [];
  const shared: number[] = [];
  for (let round = 0; round < profile.repeats; round += 1) {
    await addProduct(first.url);
    missed.push((await ask(first.url, page(1))).ms);
    // The entry goes into L2 after the response.
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const other of all.slice(1)) shared.push((await ask(other.url, page(1))).ms);
  }
  const runs = [];
  for (let round = 0; round < profile.rounds; round += 1) {
    runs.push(await load({ url: first.url + page(1), pid: first.pid }, profile.seconds));
  }
  return {
    nodes: all.length,
    writeMs: median(written),
    writeCpu: (cpu / written.length) * 1e6,
    missMs: median(missed),
    l2Ms: median(shared),
    perSecond: medians(runs).perSecond,
  };
}

function report(results: Result[]): Section {
  return {
    title: 'As nodes are added',
    text: [
      'Nodes share one PostgreSQL and one Redis, and here one core: this cannot show how throughput adds up, only what each node costs the others. Writes go to ' +
        'one node, one at a time, and are acknowledged when the stamp is; their processor time is that of all nodes together. A page made by one ' +
        'node is an L2 hit for the first request on each other. Hits under load are those of one node while the others stand by.',
    ],
    tables: [
      {
        columns: [
          'nodes',
          'write ms',
          'CPU µs a write, all nodes',
          'miss ms',
          'L2 hit elsewhere ms',
          'hits/s of one node',
        ],
        rows: results.map((one) => [
          count(one.nodes),
          number(one.writeMs),
          number(one.writeCpu),
          number(one.missMs),
          number(one.l2Ms),
          number(one.perSecond),
        ]),
      },
    ],
    charts: [
      {
        name: 'nodes',
        title: 'As nodes are added',
        subtitle: 'Milliseconds at the client, all nodes on one core',
        kind: 'lines',
        labels: results.map(({ nodes: n }) => (n === 1 ? '1 node' : `${n} nodes`)),
        series: [
          { name: 'write', values: results.map(({ writeMs }) => writeMs) },
          { name: 'miss', values: results.map(({ missMs }) => missMs) },
        ],
        format: number,
      },
    ],
  };
}
