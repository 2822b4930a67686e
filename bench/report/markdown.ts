import type { Section, Table } from './section';

export interface Preamble {
  command: string;
  /** Name and value: where, when and with what it was measured. */
  facts: [name: string, value: string][];
}

/** The whole report; charts are expected in `charts`, a folder beside it. */
export function asMarkdown(
  title: string,
  { command, facts }: Preamble,
  sections: readonly Section[],
  charts: string,
): string {
  const head = [
    `# ${title}`,
    `Written by \`${command}\`; every number is from that one run. Compare ratios within a table: absolute numbers belong to this machine.`,
    table({ columns: ['', ''], rows: facts.map(([name, value]) => [name, value]) }),
  ];
  const body = sections.flatMap(({ title, text, tables, charts: all }) => [
    `## ${title}`,
    ...text,
    ...all.map(({ name, title: alt }) => `![${alt}](${charts}/${name}.svg)`),
    ...tables.map(table),
  ]);
  return `${[...head, ...body].join('\n\n')}\n`;
}

/** Padded as prettier would. */
export function table({ columns, rows }: Table): string {
  const all = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columns.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [head, ...body] = all.map((row) =>
    line(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))),
  );
  return [head, line(rule), ...body].join('\n');
}
