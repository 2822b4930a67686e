import { checkFreshness, type CheckOptions, type Report } from '../../checker/check';

export const RUN: Omit<CheckOptions, 'mode'> = { seconds: 10, nodes: 2, faults: true, only: [], seed: 1, preload: [] };

/** Runs the checker and expects that no read was behind, that no process ended, and that it has seen enough to say so. */
export async function expectFreshReads(options: CheckOptions): Promise<Report> {
  const report = await checkFreshness(options);
  print(options.mode, report);
  expect(report.violations).toEqual([]);
  expect(report.deaths).toEqual([]);
  // A run that saw nothing proves nothing. How much it sees is up to the machine.
  expect(report.observations).toBeGreaterThan(100);
  expect(Object.values(report.roads).reduce((sum, count) => sum + count)).toBeGreaterThan(0);
  if (options.faults) expect(Object.keys(report.faults).length).toBeGreaterThan(0);
  return report;
}

function print(mode: string, { violations, ...counts }: Report): void {
  console.info(`${mode}: ${JSON.stringify(counts, null, 2)}\n${violations.length} violations`);
  for (const violation of violations.slice(0, 5)) console.info(JSON.stringify(violation, null, 2));
}
