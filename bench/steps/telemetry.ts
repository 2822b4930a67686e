import { join } from 'node:path';
import { page } from '../catalogue-requests';
import { load, type Load, type Target } from '../load';
import { number, ratio } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

export const telemetry: Step = {
  name: 'telemetry',
  title: 'What it costs to count and time every hit',
  inDepth: true,
  run,
};

const SWITCH = `--require ${join(__dirname, '../../test/support/preload/measures-by-signal.cjs')}`;
/** Differences of a few per cent take more rounds than ratios do. */
const TIMES = 5;

interface Side {
  name: string;
  target: Target;
  counts: boolean;
}

const HITS: Record<string, Record<string, string>> = {
  'L1 hit': {},
  // The front leaves it to the pipeline, which makes nothing of it.
  'L1 hit through the whole pipeline': { pragma: 'no-cache' },
};

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  progress('starting the service');
  const settings = lab.settings(await lab.database(profile.rows));
  const { url, pid } = await lab.strata({ ...settings, NODE_OPTIONS: SWITCH });
  const sides = Object.entries(HITS).flatMap(([name, headers]): Side[] => {
    const target = { url: url + page(1), pid, headers };
    return [true, false].map((counts) => ({ name, target, counts }));
  });
  let counting = true;
  const measure = ({ target, counts }: Side, seconds: number): Promise<Load> => {
    if (counting !== counts) process.kill(pid, 'SIGUSR2');
    counting = counts;
    return load(target, seconds);
  };
  for (const side of sides) await measure(side, 1);
  const rounds = profile.rounds * TIMES;
  const runs = await interleaved(sides, rounds, (side, round) => {
    progress(`round ${round + 1}/${rounds}`);
    return measure(side, profile.seconds);
  });
  return report(Object.keys(HITS).map((name) => row(name, runs)));
}

/** Each round for itself: what disturbs one half of a pair mostly disturbs the other. */
function row(name: string, runs: Map<Side, Load[]>): string[] {
  const of = (counted: boolean): Load[] =>
    [...runs].find(([side]) => side.name === name && side.counts === counted)?.[1] ?? [];
  const [all, none] = [of(true), of(false)];
  const pairs = all.map(({ cpu }, round) => cpu / none[round]!.cpu);
  const cpu = (loads: Load[]): string => number(median(loads.map((each) => each.cpu)));
  return [name, cpu(none), cpu(all), ratio(median(pairs))];
}

function report(rows: string[][]): Section {
  return {
    title: 'What it costs to count and time every hit',
    text: [
      'Processor time of one request, in µs, user and system, one process with everything that is counted and timed switched on and off between loads; ' +
        'medians of interleaved rounds, and of the ratio within each round. Goal: ≤ 1.05.',
    ],
    tables: [{ columns: ['CPU µs/request', 'not counted', 'as it ships', 'ratio'], rows }],
    charts: [],
  };
}
