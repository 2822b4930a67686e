/** npm run check:freshness -- --seconds 60 --nodes 3 [--mode strict|bounded] [--seed 1] [--no-faults] [--plant stamp-before-commit] */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '3' },
    mode: { type: 'string' },
    seed: { type: 'string' },
    'no-faults': { type: 'boolean', default: false },
    plant: { type: 'string' },
  },
});

const settings = {
  seconds: Number(values.seconds),
  nodes: Number(values.nodes),
  faults: !values['no-faults'],
  ...(values.mode && { modes: [values.mode] }),
  ...(values.seed && { seed: Number(values.seed) }),
  ...(values.plant && { preload: [values.plant] }),
};
const env = { ...process.env, FRESHNESS: JSON.stringify(settings) };
spawn('npx', ['jest', 'test/checker', '--silent=false'], { stdio: 'inherit', env }).on('exit', (code) => {
  process.exitCode = code ?? 1;
});
