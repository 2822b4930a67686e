import { join } from 'node:path';
import { page } from '../catalogue-requests';
import { load, type Load, type Target } from '../load';
import { number, ratio } from '../report/format';
import type { Section } from '../report/section';
import { interleaved } from '../rounds';
import { median } from '../statistics';
import type { Bench, Step } from '../step';

export const telemetry: Step = { name: 'telemetry', title: 'What it costs to count and time every hit', run };

const NOBODY_COUNTS = `--require ${join(__dirname, '../../support/preload/no-measures.cjs')}`;
/** Differences of a few per cent take more rounds than ratios do. */
const TIMES = 5;

interface Hit {
  name: string;
  counted: Target;
  uncounted: Target;
}

async function run({ profile, lab, progress }: Bench): Promise<Section> {
  progress('starting services');
  const settings = lab.settings(await lab.database(profile.rows));
  const counted = await lab.strata(settings);
  const uncounted = await lab.strata({ ...settings, NODE_OPTIONS: NOBODY_COUNTS });
  const whole = { 'cache-control': 'max-age=0' };
  const of = (headers?: Record<string, string>): Omit<Hit, 'name'> => ({
    counted: { url: counted.url + page(1), pid: counted.pid, headers },
    uncounted: { url: uncounted.url + page(1), pid: uncounted.pid, headers },
  });
  const hits: Hit[] = [
    { name: 'L1 hit', ...of() },
    { name: 'L1 hit through the whole pipeline', ...of(whole) },
  ];
  const targets = hits.flatMap((hit) => [hit.counted, hit.uncounted]);
  for (const target of targets) await load(target, 1);
  const runs = await interleaved(targets, profile.rounds * TIMES, (target, round) => {
    progress(`round ${round + 1}/${profile.rounds * TIMES}`);
    return load(target, profile.seconds);
  });
  return report(hits.map((hit) => row(hit, runs)));
}

/** Each round for itself: what disturbs one half of a pair mostly disturbs the other. */
function row({ name, counted, uncounted }: Hit, runs: Map<Target, Load[]>): string[] {
  const [all, none] = [runs.get(counted) ?? [], runs.get(uncounted) ?? []];
  const pairs = all.map(({ cpu }, round) => cpu / none[round]!.cpu);
  const cpu = (loads: Load[]): string => number(median(loads.map((each) => each.cpu)));
  return [name, cpu(none), cpu(all), ratio(median(pairs))];
}

function report(rows: string[][]): Section {
  return {
    title: 'What it costs to count and time every hit',
    text: [
      'Processor time of one request, in µs, user and system, as the service ships and without a listener, a timer or a metric of the process; ' +
        'medians of interleaved rounds, and of the ratio within each round.',
    ],
    tables: [{ columns: ['CPU µs/request', 'nobody counts', 'as it ships', 'ratio'], rows }],
    charts: [],
  };
}
