import { join } from 'node:path';

const PRELOAD = join(__dirname, '../preload/load-once.cjs');

/**
 * What halves the start of a process of this checkout. Its modules are found and compiled once in a run (preload/load-once.cjs), and the
 * embedded database is not optimised: no such process lives long enough to gain by that what it costs.
 */
export function quickStart(): { args: string[]; env: Record<string, string> } {
  const { LOADED_ONCE, NODE_COMPILE_CACHE } = process.env;
  const env: Record<string, string> = {};
  if (NODE_COMPILE_CACHE !== undefined) env.NODE_COMPILE_CACHE = NODE_COMPILE_CACHE;
  if (LOADED_ONCE === undefined) return { args: [], env };
  return { args: ['--liftoff-only', '--require', PRELOAD], env: { ...env, LOADED_ONCE } };
}
