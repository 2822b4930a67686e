// The word list of docs/style.md, held over src/, bench/, soak/, checker/, Markdown and test names: `npm run lint` runs it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Pattern, and what to write instead. Matched as whole words, whatever the case. */
const LIST = [
  ['whoever|whomever|nobody|somebody', 'the node, the caller, the client, "no other …"'],
  ['hears?|heard|hearing', 'receive, learn'],
  ['tells?|told|telling', 'publish, report, log, emit, return, say'],
  ['anew', 'again'],
  ['of late|lately', 'recently'],
  ['away', 'unavailable'],
  ['mend|mends|mended', 'fix'],
  ['stands for|stand for', 'represents'],
  ['behind the last', 'past the last'],
  // Not what an error says of another server: that is public.
  ["answers?|unanswered|untold|(?<!['`])answered(?!['`:]| \\$| 4| without)", 'response, reply, respond; pending'],
  ['ill', 'unhealthy, unavailable'],
  ['goes? by', 'uses, follows'],
];

const PATTERNS = LIST.map(([words, instead]) => ({ pattern: new RegExp(`\\b(${words})\\b`, 'i'), instead }));
/** A title of a test or suite, on one line. */
const TEST_NAME = /^\s*(?:it|test|describe)(?:\.each\b.*)?\((['"`])(.*)\1/;
/** The list itself has to name what it forbids; history is not rewritten. */
const EXEMPT = ['docs/style.md', 'CHANGELOG.md'];

const files = execFileSync(
  'git',
  ['ls-files', '-co', '--exclude-standard', 'src', 'bench', 'soak', 'checker', 'test', '*.md'],
  {
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => /\.(ts|js|html|md)$/.test(file) && !EXEMPT.includes(file));

const found = files.flatMap((file) => {
  const isTest = file.startsWith('test/');
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      if (line.startsWith('<!--')) return [];
      const text = isTest && !file.endsWith('.md') ? TEST_NAME.exec(line)?.[2] : line;
      return text === undefined ? [] : verdicts(text).map((verdict) => `${file}:${index + 1}  ${verdict}`);
    });
});

function verdicts(text) {
  return PATTERNS.flatMap(({ pattern, instead }) => {
    const word = pattern.exec(text)?.[0];
    return word === undefined ? [] : [`"${word}": write ${instead}`];
  });
}

if (found.length > 0) {
  console.error(`${found.join('\n')}\n\n${found.length} words that docs/style.md asks to replace`);
  process.exitCode = 1;
}
