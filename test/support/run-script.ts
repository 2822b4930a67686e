import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const REGISTER = join(__dirname, 'swc-register.cjs');

/** Runs a TypeScript file in a node process of its own and returns what it printed. */
export async function runScript(
  file: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<string> {
  const all = [...nodeArgs, '-r', REGISTER, join(__dirname, file), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, all, { maxBuffer: 1 << 24 });
  return stdout;
}
