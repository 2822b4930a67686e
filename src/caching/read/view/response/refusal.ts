import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { HttpException, NotFoundException } from '@nestjs/common';
import { hasPrivateFields } from '../../canonical';

type RefusalType = typeof HttpException;
type Members = Record<string, unknown>;

/** The response of an exception, and the members that its class adds. */
type Content = readonly [response: string | object, members: Members];

/** A refusal as it is stored. */
export interface Refusal {
  /** Names its class. */
  readonly type: string;
  readonly text: string;
}

interface StoredRefusal {
  readonly status: number;
  readonly payload: Buffer;
  readonly type?: string;
}

const ids = new WeakMap<RefusalType, string>();

/** The classes of refusals, as filters distinguish them. Of others than Nest's this process learns when they are thrown. */
const types = new Map<string, RefusalType>();
for (const type of [HttpException, NotFoundException]) types.set(idOf(type as RefusalType), type as RefusalType);

/** Undefined for a refusal that a filter could distinguish from the restored one, such as one with a cause. */
export function storableRefusal(error: HttpException): Refusal | undefined {
  const type = error.constructor as RefusalType;
  const id = idOf(type);
  if ((types.get(id) ?? type) !== type || hasPrivateFields(type)) return undefined;
  const text = textOf(error, type);
  if (text === undefined || !isEqual(error, made(type, JSON.parse(text) as Content, error.getStatus())))
    return undefined;
  types.set(id, type);
  return { type: id, text };
}

/** @throws TypeError, SyntaxError for what `storableRefusal` did not make, and for a class that this process does not know */
export function requireRefusal(text: string, id = ''): void {
  const type = types.get(id);
  if (!type) throw new TypeError('a refusal of an unknown class');
  const content: unknown = JSON.parse(text);
  if (!Array.isArray(content) || content.length !== 2) throw new TypeError('no refusal');
  const [response, members] = content as unknown[];
  if (typeof response !== 'string' && !isObject(response)) throw new TypeError('no refusal');
  const isPlain = isObject(members) && Object.keys(members).every((name) => !(name in type.prototype));
  if (!isPlain) throw new TypeError('a refusal without its methods');
}

/** What was thrown, from the response that was stored of it. */
export function refusalOf({ payload, status, type = '' }: StoredRefusal): HttpException {
  return made(types.get(type) ?? HttpException, JSON.parse(payload.toString()) as Content, status);
}

/**
 * An instance of `type`, made without its own constructor. It has no stack, which takes longer to capture than the response to
 * find: what refused is a stored response, and no place in the code.
 */
function made(type: RefusalType, [response, members]: Content, status: number): HttpException {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return Object.assign(Reflect.construct(HttpException, [response, status], type), members);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function textOf(error: HttpException, type: RefusalType): string | undefined {
  try {
    const response = error.getResponse();
    const base = made(type, [response, {}], error.getStatus());
    const members = Object.entries(error).filter(([name]) => !(name in base));
    return JSON.stringify([response, Object.fromEntries(members)] satisfies Content);
  } catch {
    // A cycle, or a bigint.
    return undefined;
  }
}

/** In all that a filter could read. Of the options Nest reads the cause alone, and that is a member. */
function isEqual(error: object, other: object): boolean {
  const names = Reflect.ownKeys(error).filter((name) => name !== 'stack' && name !== 'options');
  return names.every((name) => isDeepStrictEqual(Reflect.get(error, name), Reflect.get(other, name)));
}

/** The same on each node that runs this code; another class of this name has another id. */
function idOf(type: RefusalType): string {
  let id = ids.get(type);
  if (id === undefined) {
    const source = Function.prototype.toString.call(type);
    id = `${type.name}~${createHash('sha256').update(source).digest('base64url').slice(0, 8)}`;
    ids.set(type, id);
  }
  return id;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
