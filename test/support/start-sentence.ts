import type { Finished } from './strata-process';

/** One sentence on the last line, no stack, and exit code 1. */
export function expectSentence({ code, output }: Finished, sentence: RegExp): void {
  const lines = output.trim().split('\n');
  expect(lines.at(-1)).toMatch(/^Strata cannot start\. /);
  expect(lines.at(-1)).toMatch(sentence);
  expect(output).not.toMatch(/^ +at /m);
  expect(output).not.toContain('hunter2');
  expect(code).toBe(1);
}
