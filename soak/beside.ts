import { join } from 'node:path';
import { Shelf } from '../bench/hits/shelf';
import type { Lab } from '../bench/lab';
import { cpuMicroseconds } from '../bench/processes';
import { number, ratio } from '../bench/report/format';
import type { Section } from '../bench/report/section';
import { interleaved } from '../bench/rounds';
import { median } from '../bench/statistics';
import { MIX_TEXT, Traffic } from './traffic';

/** Seconds of one turn, and turns of both that only warm up. */
const TURN = 3;
const WARM_UP = 2;
const FEWEST = 3;

/** What both services are set to, as in a soak. */
export interface BesideOptions {
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly seed: number;
}

interface Side {
  readonly name: string;
  readonly pid: number;
  readonly traffic: Traffic;
}

/** The same mix, without a pause, for this checkout and another one that is built, in turns. @param folder of the other one */
export async function beside(lab: Lab, folder: string, options: BesideOptions): Promise<Section> {
  const sides = [
    await start(lab, 'the other checkout', options, join(folder, 'dist')),
    await start(lab, 'this checkout', options),
  ];
  const turns = WARM_UP + Math.max(FEWEST, Math.round(options.seconds / TURN / sides.length));
  const measured = await interleaved(sides, turns, async ({ pid, traffic }) => {
    const [cpu, { requests, failed }] = [cpuMicroseconds(pid), { ...traffic.counts }];
    const perSecond = await traffic.flood(TURN);
    const served = traffic.counts.requests - requests;
    return {
      perSecond,
      cpu: (cpuMicroseconds(pid) - cpu) / served,
      failed: traffic.counts.failed - failed,
    };
  });
  const rows = [...measured].map(([{ name }, all]) => {
    const counted = all.slice(WARM_UP);
    return {
      name,
      perSecond: median(counted.map((one) => one.perSecond)),
      cpu: median(counted.map((one) => one.cpu)),
      failed: all.reduce((sum, one) => sum + one.failed, 0),
    };
  });
  const [first] = rows;
  return {
    title: 'Beside another checkout',
    text: [
      `The mix of the soak (${MIX_TEXT}) as fast as each service takes it, in turns of ${TURN} s, ${turns - WARM_UP} each, medians; each on a catalogue, a prefix and ` +
        `migrations of its own. ${options.rows.toLocaleString('en')} products. The other checkout is ${folder}. Goal beside commit 53f84ec: 2.5 times the requests.`,
    ],
    tables: [
      {
        columns: ['', 'requests/s', 'ratio', 'CPU µs/request', 'requests for the same CPU', 'failed'],
        rows: rows.map(({ name, perSecond, cpu, failed }) => [
          name,
          number(perSecond),
          ratio(perSecond / first!.perSecond),
          number(cpu),
          ratio(first!.cpu / cpu),
          number(failed),
        ]),
      },
    ],
    charts: [],
  };
}

async function start(lab: Lab, name: string, { rows, env, seed }: BesideOptions, dist?: string): Promise<Side> {
  const databaseUrl = await lab.database(rows, dist);
  await Shelf.clear(databaseUrl);
  const { url, pid } = await lab.strata({ ...lab.settings(databaseUrl), ...env }, dist);
  const traffic = new Traffic(url, await Shelf.of(databaseUrl), seed);
  await traffic.prepare();
  return { name, pid, traffic };
}
