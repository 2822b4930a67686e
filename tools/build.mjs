// Runs in front of what a checkout starts: builds dist/ where the tools for that are installed. A tree of production, the image for one,
// comes with a dist/ and without the tools.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const nest = nestCommand();
if (nest !== undefined) {
  // Standard output belongs to the command: `npm run --silent token` prints a token and nothing else.
  process.exitCode = spawnSync(process.execPath, [nest, 'build'], { stdio: ['ignore', 2, 2] }).status ?? 1;
} else if (!existsSync('dist/main.js')) {
  console.error(
    'Strata is not built, and what builds it is a development dependency: npm ci --include=dev && npm run build && npm prune --omit=dev',
  );
  process.exitCode = 1;
}

function nestCommand() {
  try {
    return createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');
  } catch {
    return undefined;
  }
}
