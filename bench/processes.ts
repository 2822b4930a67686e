import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Clock ticks a second of /proc/PID/stat; fixed on Linux. */
const TICKS = 100;
const START_TIMEOUT = 90_000;
const REGISTER = join(__dirname, '../test/support/swc-register.cjs');

/** Core of the servers under test, and of what asks them. */
export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** Whether processes can be kept apart: it takes two cores and `taskset`. */
export const canPin = availableParallelism() > 1 && has('taskset');

export interface Program {
  url: string;
  pid: number;
  stop: () => Promise<void>;
}

/** Runs a TypeScript file of this folder until `stop()`; it prints the address where it listens. */
export async function startProgram(file: string, env: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, ['-r', REGISTER, join(__dirname, file)], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(child, 'exit');
  const url = await address(child);
  return {
    url,
    pid: child.pid!,
    stop: async () => {
      child.kill();
      await gone;
    },
  };
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`${child.spawnargs.slice(1).join(' ')} ${why}:\n${output}`));
    };
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT);
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}

/** Keeps a process and all its threads on one core, where that is possible. */
export function pin(pid: number, core: number): void {
  if (canPin) execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/** Seconds of processor time, user and system, that a process has taken so far; NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return NaN;
  }
}

/** The same in microseconds, exact to some of them: over all threads that are alive. NaN where there is no /proc. */
export function cpuMicroseconds(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const ran = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]));
    return ran.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000;
  } catch {
    return NaN;
  }
}

export function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
