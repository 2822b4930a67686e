import bytes from 'bytes';
import ms from 'ms';

/** Reads `250ms`, `5m`, `1h` (or a bare number of milliseconds). Gives whole milliseconds; undefined where it is not a duration. */
export function parseDuration(text: string): number | undefined {
  // ms() throws on empty and overlong input and answers NaN or undefined on the rest.
  if (!/^\d+(\.\d+)?\s*[a-z]*$/i.test(text) || text.length > 32) return undefined;
  const value: number | undefined = ms(text as ms.StringValue);
  return value === undefined || Number.isNaN(value) ? undefined : Math.round(value);
}

/** Reads `64mb`, `512kb` (or a bare number of bytes). Gives whole bytes; undefined where it is not a size. */
export function parseSize(text: string): number | undefined {
  if (!/^\d+(\.\d+)?\s*(b|kb|mb|gb)?$/i.test(text)) return undefined;
  return bytes.parse(text) ?? undefined;
}
