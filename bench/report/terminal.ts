import colors from 'picocolors';
import type { Section, Table } from './section';

const WIDTH = 100;

/** The section as text for a terminal. */
export function asTerminal({ title, text, tables }: Section): string {
  const paragraphs = text.map((paragraph) => colors.dim(wrap(paragraph)));
  return [`\n${colors.bold(title)}`, ...paragraphs, ...tables.map(asText)].join('\n\n');
}

function asText({ columns, rows }: Table): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const [head, ...body] = all.map(line);
  return [colors.underline(head), ...body].join('\n');
}

function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (`${lines.at(-1)} ${word}`.length > WIDTH) lines.push(word);
    else lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.join('\n');
}
