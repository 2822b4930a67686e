import { transformSync } from '@swc/core';

/** A code block of a document that follows the line `<!-- runs -->`, or `<!-- runs with NAME=value -->`. */
export interface Block {
  /** What the service needs in its environment. */
  readonly setting: string;
  readonly language: string;
  readonly code: string;
}

export function runnableBlocks(markdown: string): Block[] {
  const marked = markdown.matchAll(/<!-- runs(?: with (\w+=\S+))? -->\n+```(\w+)\n([\s\S]*?)\n```/g);
  return [...marked].map(([, setting = '', language, code]) => ({ setting, language: language!, code: code! }));
}

/** Blocks of one language and setting, as one program: later blocks of a page go on where earlier ones ended. */
export function programOf(blocks: readonly Block[], language: string, setting = ''): string {
  return blocks
    .filter((block) => block.language === language && block.setting === setting)
    .map(({ code }) => code)
    .join('\n');
}

/**
 * TypeScript of a document as the body of an async function of `require` and `expect`.
 * A line `expression; // → value` expects that value.
 */
export function asFunctionBody(typescript: string): string {
  const imports = /^import \{([^}]*)\} from '([^']+)';$/gm;
  const head = [...typescript.matchAll(imports)].map(([, names, from]) => {
    const values = names!.split(',').filter((name) => name.trim() !== '' && !name.trim().startsWith('type '));
    return `const {${values.join(',')}} = require('${from}');`;
  });
  const body = typescript
    .replace(imports, '')
    .replace(/^( *)([^\n;/]*[^\n;]*); \/\/ → (.+)$/gm, '$1expect($2).toEqual($3);');
  const module = { type: 'es6' as const };
  const { code } = transformSync(body, { swcrc: true, module, filename: __filename, sourceMaps: false });
  return `return (async () => {\n${head.join('\n')}\n${code}\n})();`;
}

/**
 * Commands of a document as a bash script. A line `command # → text` expects that text in what the command prints.
 * Lines with an ellipsis stand for what the reader has: the script has it as a variable.
 */
export function asScript(commands: string): string {
  const lines = commands.replace(/\\\n\s*/g, ' ').split('\n');
  const checked = lines
    .filter((line) => !line.includes('…'))
    .map((line) => {
      const [, command, text] = /^(.*?)\s+# → (.+)$/.exec(line) ?? [];
      if (command === undefined) return line;
      const name = JSON.stringify(`${command}\nprinted: `).replaceAll('$', '\\$').replaceAll('`', '\\`');
      return `printed=$(${command}); [[ "$printed" == *${quoted(text!)}* ]] || { echo ${name}"$printed" >&2; exit 1; }`;
    });
  return ['set -euo pipefail', ...checked].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
