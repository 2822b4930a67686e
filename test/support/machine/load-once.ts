import { join } from 'node:path';

const PRELOAD = join(__dirname, '../preload/load-once.cjs');

/** What lets a process of Node find and compile the modules of this checkout once in a run (preload/load-once.cjs). */
export function loadOnce(): { args: string[]; env: Record<string, string> } {
  const { LOADED_ONCE, NODE_COMPILE_CACHE } = process.env;
  const env: Record<string, string> = {};
  if (NODE_COMPILE_CACHE !== undefined) env.NODE_COMPILE_CACHE = NODE_COMPILE_CACHE;
  if (LOADED_ONCE === undefined) return { args: [], env };
  return { args: ['--require', PRELOAD], env: { ...env, LOADED_ONCE } };
}
