import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Longest name that is used; of a longer one its end, which tells programs of one package apart. */
const MAX = 64;

/**
 * Names the program that runs, by its package and entry file: `shop/dist/main`. So two programs of one package, or of two
 * packages, never read each other's entries, and all nodes of one program do.
 */
export function applicationName(main = require.main?.filename ?? process.argv[1] ?? ''): string {
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    const name = existsSync(manifest) ? nameIn(manifest) : undefined;
    const isRoot = folder === dirname(folder);
    if (name === undefined && !isRoot) continue;
    const entry = relative(folder, main).replace(/\.[cm]?[jt]s$/, '');
    return `${name ?? ''}/${entry}`.replace(/[^\w.-]+/g, '-').slice(-MAX);
  }
}

function nameIn(manifest: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}
