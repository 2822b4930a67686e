import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';

/** What Node's answers have had since 0.x, and its types do not tell. Where it is missing one day, every head is written anew. */
interface Internals {
  /** Status line and headers, as they go out. */
  _header?: string | null;
  _hasBody?: boolean;
  _removedConnection?: boolean;
  maxRequestsOnConnectionReached?: boolean;
}

type Response = ServerResponse<IncomingMessage> & Internals;
/** Headers by name, as `writeHead()` takes them. */
export type Fields = Readonly<Record<string, unknown>>;

/** A head that Node wrote, and may be repeated. */
interface Written {
  readonly status: number;
  /** Where nobody can change them any more: the very same ones need no comparing. */
  readonly frozen: Fields | undefined;
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  /** Its text up to the request's id, and from there on; without an id all of it is `before`. */
  readonly before: string;
  readonly after: string;
  /** Since the epoch. It has a `Date`, so it holds that long. */
  readonly second: number;
}

/** The one header that is another for each request. */
export const REQUEST_ID = 'x-request-id';
const WRITABLE_ID = /^[\x21-\x7e]+$/;

/** No body goes with it, whatever is given to `end()` (RFC 9110 §15.4.5). */
const NOT_MODIFIED = 304;

/** Of these Node does more than to write them. */
const EFFECTIVE = ['connection', 'date', 'expect', 'keep-alive', 'trailer', 'transfer-encoding'];

const node = ServerResponse.prototype;

/**
 * The head of an answer that many get. Node takes longer to check and join fifteen headers than this cache to find an entry, and
 * makes the same text of them each time; so what it has made is repeated for as long as it holds.
 */
export class RawHead {
  private last: Written | undefined;
  private readonly borrowed = asWriteHead((response, status, fields) => this.put(response, status, fields));

  /** Writes it on an answer; the bytes are those that `response.writeHead()` would write. */
  write(response: Response, status: number, fields: Fields): void {
    if (response.writeHead === node.writeHead) this.put(response, status, fields);
    // Somebody wants to hear of it.
    else response.writeHead(status, fields as Record<string, string>);
  }

  /** Writes it on an answer that a framework is about to send, when that has all headers together. */
  lendTo(response: Response): void {
    if (response.writeHead === node.writeHead) response.writeHead = this.borrowed;
  }

  private put(response: Response, status: number, fields: Fields): void {
    const second = Math.floor(Date.now() / 1_000);
    const isRepeatable = isOrdinary(response);
    const { last } = this;
    if (isRepeatable && last?.second === second && isTheSame(last, status, fields))
      return repeat(last, response, fields);
    node.writeHead.call(response, status, fields as Record<string, string>);
    if (isRepeatable) this.last = written(response, fields, second);
  }
}

function asWriteHead(put: (response: Response, status: number, fields: Fields) => void): ServerResponse['writeHead'] {
  return function (this: Response, ...given: [status: number, ...rest: unknown[]]) {
    const [status, fields] = given;
    if (given.length !== 2 || typeof fields !== 'object' || !fields)
      return node.writeHead.apply(this, given as [number]);
    put(this, status, fields as Fields);
    return this;
  };
}

function written({ _header, statusCode }: Response, fields: Fields, second: number): Written | undefined {
  const names = Object.keys(fields);
  const isPlain = names.every((name) => typeof fields[name] === 'string' && !EFFECTIVE.includes(name.toLowerCase()));
  // Without a length Node chooses how the body is framed.
  const isFramed = statusCode === NOT_MODIFIED || 'content-length' in fields;
  if (!_header || !isPlain || !isFramed) return undefined;
  const [before, after] = aroundId(_header, fields[REQUEST_ID] as string | undefined);
  const frozen = Object.isFrozen(fields) ? fields : undefined;
  return { status: statusCode, frozen, names, values: Object.values(fields), before, after, second };
}

function aroundId(text: string, id: string | undefined): [before: string, after: string] {
  if (id === undefined) return [text, ''];
  const start = text.indexOf(`\r\n${REQUEST_ID}: `) + `\r\n${REQUEST_ID}: `.length;
  return [text.slice(0, start), text.slice(start + id.length)];
}

function isTheSame({ status, frozen, names, values }: Written, asked: number, fields: Fields): boolean {
  if (asked !== status) return false;
  if (fields === frozen) return true;
  let at = 0;
  for (const name in fields) {
    const value = fields[name];
    if (name !== names[at] || (value !== values[at] && !isId(name, value))) return false;
    at += 1;
  }
  return at === names.length;
}

function isId(name: string, value: unknown): boolean {
  return name === REQUEST_ID && typeof value === 'string' && WRITABLE_ID.test(value);
}

function repeat({ status, before, after }: Written, response: Response, { [REQUEST_ID]: id = '' }: Fields): void {
  response.statusCode = status;
  response.statusMessage = STATUS_CODES[status]!;
  if (status === NOT_MODIFIED) response._hasBody = false;
  response._header = before + (id as string) + after;
}

/** Nobody has said anything about it yet; and its connection stays open, as its head says. */
function isOrdinary(response: Response): boolean {
  return (
    response.shouldKeepAlive &&
    response.sendDate &&
    !response._removedConnection &&
    !response.maxRequestsOnConnectionReached &&
    response.req.httpVersion === '1.1' &&
    response.req.headers.expect === undefined &&
    !response.statusMessage &&
    response.getHeaderNames().length === 0
  );
}
