import bytes from 'bytes';
import ms from 'ms';

/** A timer takes no longer delay: about 24 days, in milliseconds. */
export const LONGEST = 2 ** 31 - 1;

/** Reads `250ms`, `5m`, `1h`, or a number of milliseconds. Returns milliseconds; undefined where it is no duration, or too long. */
export function readDuration(value: string | number): number | undefined {
  const parsed = typeof value === 'number' ? value : durationOf(value);
  return parsed !== undefined && parsed >= 0 && parsed <= LONGEST ? parsed : undefined;
}

/** Reads `64mb`, `512kb`, or a number of bytes. Returns whole bytes; undefined where it is no size. */
export function readSize(value: string | number): number | undefined {
  if (typeof value === 'string' && !/^\d+(\.\d+)?\s*(b|kb|mb|gb)?$/i.test(value)) return undefined;
  const parsed = bytes.parse(value);
  return parsed !== null && parsed >= 0 ? parsed : undefined;
}

function durationOf(text: string): number | undefined {
  // ms() throws on empty and overlong input, and returns NaN or undefined for the rest.
  if (!/^\d+(\.\d+)?\s*[a-z]*$/i.test(text) || text.length > 32) return undefined;
  const value: number | undefined = ms(text as ms.StringValue);
  return value === undefined || Number.isNaN(value) ? undefined : Math.round(value);
}
