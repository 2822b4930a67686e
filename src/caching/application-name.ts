import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Longest name, in characters. A longer one is cut to its end, where programs of one package differ. */
const MAX = 64;

/**
 * Names the running program by its package and entry file, such as `shop-dist-main`. Two programs never read each other's
 * entries; all nodes of one program share theirs.
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
