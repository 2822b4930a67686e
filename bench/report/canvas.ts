import type { Chart } from './section';

export const WIDTH = 720;
/** Where marks begin, below title, subtitle and legend. */
export const TOP = 84;

export interface Drawing {
  /** SVG elements. */
  marks: string[];
  /** What they take below TOP. */
  height: number;
}

export function text(x: number, y: number, content: string, style = '', anchor = 'start'): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${style}" text-anchor="${anchor}">${escape(content)}</text>`;
}

export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/**
 * Share of the space, 0 to 1, that a value takes beside the greatest one; logarithmic scales begin at the power of ten
 * below the smallest.
 */
export function scale({ series, logarithmic }: Chart): (value: number) => number {
  const values = series.flatMap((one) => one.values).filter((value) => Number.isFinite(value) && value > 0);
  const top = Math.max(...values);
  if (!logarithmic) return (value) => Math.max(0, value) / top;
  const floor = Math.floor(Math.log10(Math.min(...values)) - 0.001);
  return (value) => (value > 0 ? (Math.log10(value) - floor) / (Math.log10(top) - floor) : 0);
}

export function escape(content: string): string {
  return content.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
