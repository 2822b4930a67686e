import { createHash } from 'node:crypto';

/** Longest key that is kept as it reads; a longer one is hashed beyond its head, so that no caller decides how much memory a key takes. */
const MAX_KEY = 200;
const HEAD = 120;

/**
 * One text for one meaning: names of objects sorted, undefined members left out, dates apart from texts that look like them.
 * @throws TypeError for what has no such form: functions, symbols, instances of built-in classes
 */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return '_';
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Object.is(value, -0) ? '0' : String(value);
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'function':
    case 'symbol':
      throw new TypeError(`a ${typeof value} cannot be part of a cache key`);
    case 'object':
      return value === null ? 'null' : canonicalObject(value);
  }
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (value instanceof Date) return `d${value.getTime()}`;
  if (!isDto(value)) throw new TypeError(`a ${value.constructor.name} cannot be part of a cache key`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `{${members.join()}}`;
}

/**
 * Plain data, or an instance whose whole meaning is in its own enumerable members: a validated DTO. What the language and its
 * platform bring (Map, URL, RegExp) keeps its meaning inside, names itself otherwise, and all of a kind would be one key.
 */
function isDto(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** The key itself while it is short; else its head and a hash of the whole. */
export function boundedKey(key: string): string {
  if (key.length <= MAX_KEY) return key;
  // Half a character cannot be encoded, neither in a URL nor in a tag.
  const head = key.slice(0, HEAD).replace(/[\ud800-\udbff]$/, '');
  return `${head}…${createHash('sha256').update(key).digest('base64url')}`;
}
