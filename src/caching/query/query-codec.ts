import type { Type } from '@nestjs/common';
import type { Body } from '../store/entry';

/** A result that would come back as something else than it was. */
export class NotPlainError extends TypeError {}

const TYPE = '$type';

/**
 * Results as JSON. A Date, a bigint and undefined are marked, so that they come back as what they were; text without marks is read by
 * JSON.parse alone, several times as fast. `null` is the store's own "known to be absent".
 * @param type instances of this class may be in the result
 * @throws NotPlainError for other instances: a hit would have lost their methods, and whatever hides fields of theirs
 */
export function encodeResult(value: unknown, type: Type | undefined): Body {
  if (value === null) return null;
  let hasMarks = false;
  const path = new Set<unknown>();
  const text = JSON.stringify(mark(value));
  return (hasMarks ? 'm' : 'p') + text;

  function mark(part: unknown): unknown {
    if (typeof part === 'bigint') return marker('bigint', String(part));
    if (part === undefined) return marker('undefined', '');
    if (typeof part === 'number' && !Number.isFinite(part)) return marker('number', String(part));
    if (Object.is(part, -0)) return marker('number', '-0');
    if (typeof part === 'function' || typeof part === 'symbol')
      throw new NotPlainError(`a ${typeof part} in the result`);
    if (typeof part !== 'object' || part === null) return part;
    if (part instanceof Date) return marker('Date', Number.isNaN(part.getTime()) ? 'none' : part.toISOString());
    // A circle would be walked for ever.
    if (path.has(part)) throw new NotPlainError('a circle in the result');
    path.add(part);
    const marked = Array.isArray(part) ? part.map((item) => mark(item)) : markMembers(part);
    path.delete(part);
    return marked;
  }

  function markMembers(part: object): unknown {
    const prototype: unknown = Object.getPrototypeOf(part);
    // Only the result and its items are made instances again, and of this very class.
    const isTyped = prototype === type?.prototype && (part === value || (Array.isArray(value) && path.size === 2));
    if (prototype !== Object.prototype && prototype !== null && !isTyped) {
      throw new NotPlainError(`an instance of ${part.constructor.name} in the result`);
    }
    // A member of ours in somebody's data: wrapped, so that it is not taken for a mark.
    if (TYPE in part)
      return marker(
        'object',
        Object.entries(part).map(([name, member]) => [name, mark(member)]),
      );
    return Object.fromEntries(
      Object.entries(part)
        .filter(([, member]) => member !== undefined)
        .map(([name, member]) => [name, mark(member)]),
    );
  }

  function marker(kind: string, content: unknown): object {
    hasMarks = true;
    return { [TYPE]: kind, value: content };
  }
}

/** A fresh copy of the result for each caller. */
export function decodeResult(body: Body, type: Type | undefined): unknown {
  if (body === null) return null;
  const text = body.toString();
  const parsed: unknown = JSON.parse(text.slice(1));
  const value = text.startsWith('m') ? unmark(parsed) : parsed;
  if (!type) return value;
  return Array.isArray(value) ? value.map((item) => instance(item, type)) : instance(value, type);
}

function unmark(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map(unmark);
  if (!(TYPE in part)) return Object.fromEntries(Object.entries(part).map(([name, member]) => [name, unmark(member)]));
  const { [TYPE]: kind, value } = part as { [TYPE]: unknown; value: unknown };
  switch (kind) {
    case 'Date':
      return new Date(value as string);
    case 'bigint':
      return BigInt(value as string);
    case 'number':
      return Number(value);
    case 'object':
      return Object.fromEntries((value as [string, unknown][]).map(([name, member]) => [name, unmark(member)]));
    default:
      return undefined;
  }
}

function instance(value: unknown, type: Type): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.assign(Object.create(type.prototype as object) as object, value);
}
