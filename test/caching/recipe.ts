import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How the README of src/caching brings the folder into another application. */
export const recipe = readFileSync(join(__dirname, '../../src/caching/README.md'), 'utf8')
  .split('## Into another application\n')[1]!
  .split('\n## ')[0]!;

/** The commands of its first step, as written for the newest Nest. */
export const recipeCommands = /```sh\n([\s\S]*?)```/.exec(recipe)![1]!;

/** File → code, of each block that begins with the name of its file. */
export const recipeFiles = [...recipe.matchAll(/```ts\n\s*\/\/ (src\/\S+)\n([\s\S]*?)```/g)].map(
  ([, file, code]) => [file!, code!] as const,
);
