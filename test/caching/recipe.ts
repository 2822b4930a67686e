import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the README of src/caching brings the package into another application. */
const recipe = readFileSync(join(__dirname, '../../src/caching/README.md'), 'utf8')
  .split('## Into another application\n')[1]!
  .split('\n## ')[0]!;

/** The commands of its first step: for the newest Nest, and for Nest 11. */
export const [installOnNewest, installOnNest11] = [...recipe.matchAll(/```sh\n([\s\S]*?)```/g)].map(
  ([, commands]) => commands!,
) as [string, string];

/** File → code, of each block that begins with the name of its file. */
export const recipeFiles = [...recipe.matchAll(/```ts\n\s*\/\/ (src\/\S+)\n([\s\S]*?)```/g)].map(
  ([, file, code]) => [file!, code!] as const,
);
