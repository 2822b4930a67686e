import { cpuMicroseconds } from './processes';
import { number, ratio } from './report/format';
import type { Table } from './report/section';
import { interleaved } from './rounds';
import { median } from './statistics';
import type { Bench } from './step';

/** Turns of all sides that only warm up. */
export const WARM_UP = 10;
const FEWEST = 4;

/** What is measured by the processor time of its server. */
export interface CostSide {
  readonly name: string;
  readonly goal?: string;
  readonly url: string;
  readonly pid: number;
  /** Of one turn. */
  readonly requests: number;
  /** Before a turn; costs nothing. */
  readonly prepare?: (side: CostSide, turn: number) => Promise<void>;
  /** One turn. */
  readonly run: (side: CostSide, turn: number) => Promise<void>;
  /** More cells of its row. */
  readonly cells?: () => readonly string[];
}

/**
 * Processor time of the server process for one request, in turns.
 * @param what the column of microseconds @param more columns for `cells`
 * @returns a row for each side, with its ratio to the first
 */
export async function costs(
  { profile, progress }: Bench,
  what: string,
  sides: readonly CostSide[],
  more: readonly string[] = [],
): Promise<Table> {
  const turns = WARM_UP + Math.max(FEWEST, profile.repeats);
  const measured = await interleaved(sides, turns, async (side, turn) => {
    progress(`round ${turn + 1}/${turns}, ${side.name}`);
    await side.prepare?.(side, turn);
    const before = cpuMicroseconds(side.pid);
    await side.run(side, turn);
    return (cpuMicroseconds(side.pid) - before) / side.requests;
  });
  const medians = [...measured.values()].map((all) => median(all.slice(WARM_UP)));
  return {
    columns: ['', what, 'ratio', 'goal', ...more],
    rows: sides.map(({ name, goal = '', cells }, index) => [
      name,
      number(medians[index]!),
      ratio(medians[index]! / medians[0]!),
      goal,
      ...(cells?.() ?? more.map(() => '')),
    ]),
  };
}
