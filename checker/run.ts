import { spawn } from 'node:child_process';
import { parseOptions } from '../src/cli/parse-options';

const USAGE = `npm run check:freshness -- [--seconds 60] [--nodes 3] [--mode strict|bounded] [--seed 1] [--no-faults] [--only word,word] [--plant stamp-before-commit]

  --seconds    how long readers and writers run
  --nodes      service processes that share one Redis and one PostgreSQL
  --mode       the CACHE_CONSISTENCY to check; both by default
  --seed       repeats the random choices of an earlier run
  --no-faults  break nothing during the run
  --only       only faults whose name has one of these words in it (checker/faults)
  --plant      load one bug of test/support/preload, which the checker must find`;

const MODES: readonly (string | undefined)[] = ['strict', 'bounded', undefined];

function main(): void {
  const values = parseOptions(USAGE, {
    seconds: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '3' },
    mode: { type: 'string' },
    seed: { type: 'string' },
    'no-faults': { type: 'boolean', default: false },
    only: { type: 'string' },
    plant: { type: 'string' },
  });
  if (!MODES.includes(values.mode)) throw new RangeError(`--mode must be strict or bounded\n\n${USAGE}`);
  const settings = {
    seconds: wholeNumber('seconds', values.seconds),
    nodes: wholeNumber('nodes', values.nodes),
    faults: !values['no-faults'],
    ...(values.only && { only: values.only.split(',') }),
    ...(values.mode && { modes: [values.mode] }),
    ...(values.seed && { seed: wholeNumber('seed', values.seed) }),
    ...(values.plant && { preload: [values.plant] }),
  };
  const env = { ...process.env, FRESHNESS: JSON.stringify(settings) };
  const args = ['jest', '--config', 'jest.slow.config.js', 'test/checker', '--silent=false'];
  spawn('npx', args, { stdio: 'inherit', env }).on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`--${name} must be a whole number above 0\n\n${USAGE}`);
  return Number(text);
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
