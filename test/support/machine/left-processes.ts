import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Jest's own, which it ends after this. */
const WORKER = 'jest-worker';
/** How long the children of a server that was ended may take to end themselves, in looks of 100 ms. */
const LOOKS = 100;

/**
 * Processes of this machine that still use a test run's folder: started with it in their environment, as whatever a suite starts is, or
 * with a file of it on their command line, as servers are that write their title over their environment.
 * @returns a line each, with its id; nothing where the system has no /proc
 */
export async function leftProcesses(folder: string): Promise<string[]> {
  if (!existsSync('/proc/self/environ')) return [];
  for (let look = 1; look < LOOKS && list(folder).length > 0; look += 1) await sleep(100);
  return list(folder);
}

function list(folder: string): string[] {
  const own = new Set([String(process.pid), 'self', 'thread-self']);
  return (
    readdirSync('/proc')
      .filter((id) => /^\d+$/.test(id) && !own.has(id) && isOf(folder, id))
      .map((id) => ({ id, command: read(id, 'cmdline').replaceAll('\0', ' ').trim() }))
      // One that has just ended has no command line any more.
      .filter(({ command }) => command !== '' && !command.includes(WORKER))
      .map(({ id, command }) => `process ${id} (${command.slice(0, 120)})`)
  );
}

function isOf(folder: string, id: string): boolean {
  return read(id, 'environ').includes(folder) || read(id, 'cmdline').includes(folder);
}

/** Empty when the process has ended or belongs to another user. */
function read(id: string, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
