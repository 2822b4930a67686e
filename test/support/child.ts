import type { ChildProcess } from 'node:child_process';
import { eventually, GivenUp } from './eventually';

/**
 * Tries until `probe` succeeds, and rejects at once with what the process said if it could not be started or ended before.
 * Reads stdout and stderr where they are pipes.
 */
export async function untilUp<T>(child: ChildProcess, probe: () => T | Promise<T>): Promise<T> {
  let output = '';
  let ended: string | undefined;
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.once('error', (error) => (ended = error.message));
  child.once('close', (code, signal) => (ended ??= `it ended with ${code ?? signal}`));
  return eventually(() => {
    if (ended !== undefined) throw new GivenUp(`${child.spawnfile} did not start: ${ended}\n${output}`);
    return probe();
  });
}
