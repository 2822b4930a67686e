import { createHash } from 'node:crypto';

/** Longest key in plain text, in characters. Of a longer key only the head is plain and the whole is hashed, so that no caller decides its size. */
const MAX_KEY = 200;
const HEAD = 120;

/**
 * The same text for values of the same meaning: members sorted, undefined members omitted, dates distinct from similar texts.
 * @throws TypeError for values without a canonical form: functions, symbols, objects with hidden state
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
  const hidden = hiddenIn(value);
  if (hidden) throw new TypeError(`${hidden} cannot be part of a cache key`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `${behaviourOf(value)}{${members.join()}}`;
}

/**
 * Names the state of an object that its enumerable members do not show. Undefined for plain data and validated DTOs. Two
 * objects that differ only in hidden state would share a key.
 */
function hiddenIn(value: object): string | undefined {
  const name = nameOf(value);
  // Map, URL, RegExp and similar classes have internal state and their own string tag.
  if (Object.prototype.toString.call(value) !== '[object Object]') return `a ${name}`;
  const own = Object.entries(Object.getOwnPropertyDescriptors(value));
  const accessor = own.find(([, descriptor]) => !('value' in descriptor));
  if (accessor) return `the accessor "${accessor[0]}" of a ${name}`;
  if (Object.getOwnPropertySymbols(value).length > 0) return `a symbol of a ${name}`;
  const unlisted = own.find(([, { enumerable }]) => !enumerable);
  if (unlisted) return `the hidden member "${unlisted[0]}" of a ${name}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || isEmptyPrototype(prototype)) return undefined;
  if (own.length === 0) return `a ${name} without fields of its own`;
  return hasPrivateFields(value.constructor) ? `a ${name} with private fields` : undefined;
}

/** None at all, or one that adds nothing: parsers make objects without a constructor so, as Fastify does for path and query. */
function isEmptyPrototype(prototype: unknown): boolean {
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Reflect.ownKeys(prototype as object).length === 0;
}

const behaviours = new WeakMap<object, string>();

/**
 * The name of a class whose instances do more than hold data: of two classes with the same fields, their methods may make the
 * difference. Empty for plain data and for classes without methods. @throws TypeError for a class that has no name
 */
function behaviourOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null || prototype === Object.prototype) return '';
  let name = behaviours.get(prototype);
  if (name === undefined) {
    name = hasMethods(prototype) ? classNameOf(prototype) : '';
    behaviours.set(prototype, name);
  }
  return name;
}

function hasMethods(prototype: object | null): boolean {
  const base = prototype && (Object.getPrototypeOf(prototype) as object | null);
  // The last one is Object's, of this realm or of another.
  if (!base) return false;
  return Reflect.ownKeys(prototype).some((name) => name !== 'constructor') || hasMethods(base);
}

function classNameOf(prototype: object): string {
  const type = Object.hasOwn(prototype, 'constructor')
    ? (prototype.constructor as { readonly name?: string })
    : undefined;
  if (!type?.name) throw new TypeError('an object with methods of a nameless class cannot be part of a cache key');
  return type.name;
}

function nameOf(value: object): string {
  return (value.constructor as Type | undefined)?.name || 'nameless object';
}

type Type = abstract new (...args: never[]) => unknown;
const privates = new WeakMap<object, boolean>();

/** Searches the source text of the class and its bases, the only place where #private members show. */
export function hasPrivateFields(type: object): boolean {
  const known = privates.get(type);
  if (known !== undefined) return known;
  const base: unknown = Object.getPrototypeOf(type);
  const isPrivate =
    /(^|[\s{;.])#\w/.test(Function.prototype.toString.call(type)) ||
    (typeof base === 'function' && base !== Function.prototype && hasPrivateFields(base));
  privates.set(type, isPrivate);
  return isPrivate;
}

/** The key itself if it is short, else its head and a hash of the whole. */
export function boundedKey(key: string): string {
  if (key.length <= MAX_KEY) return key;
  // Half a surrogate pair cannot be encoded in a URL or a tag.
  const head = key.slice(0, HEAD).replace(/[\ud800-\udbff]$/, '');
  return `${head}…${createHash('sha256').update(key).digest('base64url')}`;
}
