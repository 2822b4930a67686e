import { readFileSync } from 'node:fs';

/** One instruction of a Dockerfile: its word and the rest of its line. */
export interface Instruction {
  word: string;
  rest: string;
}

export interface Stage {
  from: string;
  name: string | undefined;
  steps: Instruction[];
}

/** The stages of a Dockerfile, as far as ours are written: comments, continued lines, one word a step. */
export function readDockerfile(file: string): Stage[] {
  const lines = readFileSync(file, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (word === '') throw new Error(`not an instruction: ${line}`);
    const [from = '', , name] = rest.split(/\s+/);
    if (word === 'FROM') stages.push({ from, name, steps: [] });
    else stages.at(-1)!.steps.push({ word, rest });
  }
  return stages;
}
