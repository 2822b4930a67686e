import { ask } from './ask';
import { load, type Load, medians, type Target } from './load';
import { number, ratio } from './report/format';
import type { Table } from './report/section';
import { interleaved } from './rounds';
import type { Bench } from './step';

/** Of a short warm-up: requests, and how many of them at the same time. */
const REQUESTS = 300;
const AT_ONCE = 8;
/** So many times longer is warmed up what is computed each time: the compiler needs some thousand requests until it is done with all of that. */
const COMPUTED = 8;

export interface Contestant extends Target {
  name: string;
  /** What DESIGN.md §6 wants of its ratio. */
  goal?: string;
  /** The contestant that it is compared with: one that sends the same bytes. @default the first */
  against?: string;
}

export interface Standing extends Contestant, Load {
  /** Requests a second as a share of those of what it is compared with. */
  ratio: number;
}

/** All of them under the same load, in turns; one short turn before it counts. @returns medians, in their order */
export async function contest({ profile, progress }: Bench, contestants: Contestant[]): Promise<Standing[]> {
  const { rounds, seconds, warmUp } = profile;
  for (const one of contestants) {
    progress(`warming up ${one.name}`);
    await (warmUp > 0 ? load(one, warmUp * (one.url.includes('{n}') ? COMPUTED : 1)) : askSome(one));
  }
  const runs = await interleaved(contestants, rounds, (one, round) => {
    progress(`round ${round + 1}/${rounds}, ${one.name}`);
    return load(one, seconds);
  });
  const results = [...runs].map(([one, loads]) => ({ ...one, ...medians(loads) }));
  return results.map((one) => {
    const measure = one.against === undefined ? results[0]! : named(results, one.against);
    return { ...one, ratio: one.perSecond / measure.perSecond };
  });
}

/** @throws Error where there is none of that name */
export function named<T extends { name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`nothing is called "${name}" here`);
  return found;
}

/** Enough for the compiler to have seen what is asked. Nothing of it counts, so it may fail. */
async function askSome({ url, headers }: Contestant): Promise<void> {
  let left = REQUESTS;
  const one = async (): Promise<void> => {
    while ((left -= 1) >= 0) {
      await ask(url, decodeURI(url).replace('{n}', `9${left}`), { headers }).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

export function standings(all: readonly Standing[]): Table {
  const goals = all.some(({ goal }) => goal !== undefined);
  return {
    columns: ['', 'requests/s', 'ratio to raw', ...(goals ? ['goal'] : []), 'p50 ms', 'p99 ms', 'CPU µs/request'],
    rows: all.map((one) => [
      one.failed > 0 ? `${one.name} (${number(one.failed * 100)} % failed)` : one.name,
      number(one.perSecond),
      ratio(one.ratio),
      ...(goals ? [one.goal ?? ''] : []),
      number(one.p50),
      number(one.p99),
      number(one.cpu),
    ]),
  };
}
