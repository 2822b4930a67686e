import type { Type } from '@nestjs/common';
import type { Body, CacheEntry } from '../../core/store/entry';

/** A result that a hit could not restore. */
export class NotPlainError extends TypeError {}

const TYPE = '$type';

/**
 * Encodes a result as JSON. A Date, a bigint and undefined are marked, so that a hit restores them. A result without marks is
 * encoded without a copy and decoded by JSON.parse alone, several times as fast. `null` becomes the store's absent value.
 * @param type instances of this class may be in the result
 * @throws NotPlainError for other instances: a hit would lose their methods, and anything that hides their fields
 */
export function encodeResult(value: unknown, type: Type | undefined): Body {
  if (value === null) return null;
  return needsMarks(value, value, type, []) ? `m${JSON.stringify(mark(value))}` : `p${JSON.stringify(value)}`;
}

/** Whether JSON alone would lose something of `part`. `around`: its enclosing objects, the outermost first. @throws NotPlainError */
function needsMarks(part: unknown, whole: unknown, type: Type | undefined, around: object[]): boolean {
  switch (typeof part) {
    case 'string':
    case 'boolean':
      return false;
    case 'number':
      return !Number.isFinite(part) || Object.is(part, -0);
    case 'bigint':
    case 'undefined':
      return true;
    case 'function':
    case 'symbol':
      throw new NotPlainError(`a ${typeof part} in the result`);
    case 'object':
      break;
  }
  if (part === null) return false;
  if (part instanceof Date) return isPlainDate(part);
  // A cycle would recurse for ever.
  if (around.includes(part)) throw new NotPlainError('a cycle in the result');
  // Only the result and its items are restored as instances, and only of exactly this class.
  const mayBeTyped = part === whole || (Array.isArray(whole) && around.length === 1);
  const isTyped = Array.isArray(part) ? !isPlainList(part) : !isPlain(part, mayBeTyped ? type : undefined);
  if (Object.getOwnPropertySymbols(part).length > 0) throw new NotPlainError('a member under a symbol in the result');
  around.push(part);
  let needs = TYPE in part || (isTyped && 'toJSON' in part);
  const members: readonly unknown[] = Array.isArray(part) ? part : Object.values(part);
  // Check every member, as each may throw. JSON omits undefined members of objects.
  for (const member of members) {
    if (member === undefined && !Array.isArray(part)) continue;
    if (needsMarks(member, whole, type, around)) needs = true;
  }
  around.pop();
  return needs;
}

/** @returns true @throws NotPlainError for a Date of a subclass, or with members of its own */
function isPlainDate(part: Date): true {
  if (Object.getPrototypeOf(part) === Date.prototype && Object.keys(part).length === 0) return true;
  throw new NotPlainError(`a date that is more than its time (${part.constructor.name}) in the result`);
}

/** @returns true @throws NotPlainError for a list of a class, with gaps or with members of its own: JSON has the items alone */
function isPlainList(part: readonly unknown[]): true {
  if (Object.getPrototypeOf(part) === Array.prototype && Object.keys(part).length === part.length) return true;
  throw new NotPlainError(`a list that is more than its items (${part.constructor.name}) in the result`);
}

/** @returns false for an instance of `type` @throws NotPlainError for any other instance */
function isPlain(part: object, type: Type | undefined): boolean {
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype === Object.prototype || prototype === null) return true;
  if (type === undefined || prototype !== type.prototype) {
    throw new NotPlainError(`an instance of ${part.constructor.name} in the result`);
  }
  return false;
}

/** A copy of `part` with marks, after `needsMarks` has accepted it. */
function mark(part: unknown): unknown {
  if (typeof part === 'bigint') return marker('bigint', String(part));
  if (part === undefined) return marker('undefined', '');
  if (typeof part === 'number' && !Number.isFinite(part)) return marker('number', String(part));
  if (Object.is(part, -0)) return marker('number', '-0');
  if (typeof part !== 'object' || part === null) return part;
  if (part instanceof Date) return marker('Date', Number.isNaN(part.getTime()) ? 'none' : part.toISOString());
  if (Array.isArray(part)) return part.map(mark);
  // The data has a member named as our mark: wrap the object, so that the member is not decoded as a mark.
  if (TYPE in part) {
    return marker(
      'object',
      Object.entries(part).map(([name, member]) => [name, mark(member)]),
    );
  }
  const members = Object.entries(part).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, mark(member)]));
}

function marker(kind: string, content: unknown): object {
  return { [TYPE]: kind, value: content };
}

/** Results of entries that `requireResult` has decoded, each for the first caller that needs it. */
const decoded = new WeakMap<CacheEntry, unknown>();

/** @throws for a body that `encodeResult` did not make */
export function requireResult(entry: CacheEntry): void {
  decoded.set(entry, plainResult(entry.body));
}

/** Decodes a new copy of the result for each caller. */
export function decodeResult(entry: CacheEntry, type: Type | undefined): unknown {
  const value = decoded.has(entry) ? decoded.get(entry) : plainResult(entry.body);
  decoded.delete(entry);
  if (!type) return value;
  return Array.isArray(value) ? value.map((item) => instance(item, type)) : instance(value, type);
}

/** Without `type`. @throws SyntaxError, TypeError */
function plainResult(body: Body): unknown {
  if (body === null) return null;
  const text = body.toString();
  const parsed: unknown = JSON.parse(text.slice(1));
  if (text.startsWith('p')) return parsed;
  if (text.startsWith('m')) return unmark(parsed);
  throw new TypeError('no result of a method');
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

/** @param value decoded for this call. Its members stay its own, whatever setters the class has */
function instance(value: unknown, type: Type): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.setPrototypeOf(value, type.prototype as object) as object;
}
