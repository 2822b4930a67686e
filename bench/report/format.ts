/** Three significant digits, and no more decimals than a reader can use: 0.082, 4.31, 62.0, 1,240. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString('en');
  if (magnitude === 0) return '0';
  return value.toFixed(magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3);
}

export const ratio = (value: number): string => (Number.isFinite(value) ? value.toFixed(value < 0.1 ? 3 : 2) : '–');
export const ms = (value: number): string => `${number(value)} ms`;
export const count = (value: number): string => Math.round(value).toLocaleString('en');

/** 61 → 1:01 */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
