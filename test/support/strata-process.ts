import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quickStart } from './machine/quick-start';

const DIST = join(__dirname, '../../dist');
const READY = /Server listening at (http:\/\/[\w.:]+:\d+)/;
/** In ms. Below a test's own limit, so that what a service that does not start has printed is shown. */
const START_TIMEOUT = 240_000;

/** HS256 key that tests sign with and services under test trust. */
export const JWT_SECRET = 'a secret for tests that is long enough';

/** A running service: the real program in a process of its own. */
export interface StrataProcess {
  url: string;
  child: ChildProcess;
  /** All it has printed so far. */
  output: () => string;
  /** Ends it as an operator would. @returns exit code */
  stop: () => Promise<number | null>;
  /** Ends it as a crash would. */
  kill: () => Promise<void>;
}

export interface Finished {
  code: number | null;
  output: string;
}

/**
 * Starts the service and waits until it listens. It sees no environment but this one, and no `.env` file.
 * @param dist where it was built @default this checkout
 */
export async function startStrata(env: Record<string, string>, dist = DIST): Promise<StrataProcess> {
  const run = spawnStrata('main.js', [], { PORT: '0', JWT_SECRET, THROTTLE_LIMIT: '0', ...env }, dist);
  const url = await listening(run);
  const exited = run.exited;
  return {
    url,
    child: run.child,
    output: run.output,
    stop: async () => {
      run.child.kill('SIGTERM');
      return (await exited).code;
    },
    kill: async () => {
      run.child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Runs one of the programs to its end. @param dist where it was built @default this checkout */
export function runStrata(
  program: string,
  args: string[],
  env: Record<string, string> = {},
  dist = DIST,
): Promise<Finished> {
  return spawnStrata(program, args, env, dist).exited;
}

interface Run {
  child: ChildProcess;
  output: () => string;
  exited: Promise<Finished>;
}

function spawnStrata(program: string, args: string[], env: Record<string, string>, dist: string): Run {
  const cwd = mkdtempSync(join(tmpdir(), 'strata-cwd-'));
  const modules = quickStart();
  const child = spawn(process.execPath, [...modules.args, join(dist, program), ...args], {
    cwd,
    env: { PATH: process.env.PATH, TMPDIR: tmpdir(), ...modules.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = once(child, 'close').then(([code]) => {
    rmSync(cwd, { recursive: true, force: true });
    return { code: code as number | null, output };
  });
  return { child, output: () => output, exited };
}

function listening({ child, output, exited }: Run): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The service did not start in time:\n${output()}`));
    }, START_TIMEOUT);
    const look = (): void => {
      const url = READY.exec(output())?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', look);
    void exited.then(({ code }) => {
      clearTimeout(timer);
      reject(new Error(`The service ended with ${code}:\n${output()}`));
    });
  });
}
