import { Environment } from './environment';
import { settingsOf, type SettingText } from './setting';

interface Row extends SettingText {
  readonly name: string;
  readonly value: string | undefined;
}

const START = '<!-- settings -->';
const END = '<!-- end of settings -->';

/** docs/settings.md with its table as the declarations have it. @throws Error when it lacks the markers */
export function withSettingsTable(page: string): string {
  const [before, after] = [page.indexOf(START), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`docs/settings.md needs the markers ${START} and ${END}`);
  return `${page.slice(0, before + START.length)}\n\n${table()}\n\n${page.slice(after)}`;
}

/** The text of `.env.example`. */
export function envExample(): string {
  const lines = rows().flatMap(({ name, value, meaning, example, heading }) => [
    ...(heading === undefined ? [] : ['', `# --- ${heading} ---`]),
    '',
    `# ${plain(meaning)}`,
    `# ${name}=${example ?? value ?? ''}`,
  ]);
  return `# Every variable is optional: without any of them Strata runs on an embedded database, in one process.
# Copy this file to .env and uncomment what you need. \`npm run docs:settings\` writes it.
${lines.join('\n')}
`;
}

function table(): string {
  const cells = rows().map(({ name, value, meaning, unset = 'unset' }) => [
    `\`${name}\``,
    value === undefined ? unset : `\`${value}\``,
    meaning,
  ]);
  return [['variable', 'default', 'meaning'], ['---', '---', '---'], ...cells]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

function rows(): Row[] {
  const defaults = new Environment() as unknown as Record<string, string | undefined>;
  return [...settingsOf(Environment.prototype)].map(([name, text]) => ({ name, value: defaults[name], ...text }));
}

/** Without the marks of Markdown: a link becomes its text. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}
