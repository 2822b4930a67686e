import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';

/** Undocumented members of Node's responses, there since 0.x. Without them every head is written by `writeHead()`. */
interface Internals {
  /** Status line and headers, as sent. */
  _header?: string | null;
  _hasBody?: boolean;
  _removedConnection?: boolean;
  maxRequestsOnConnectionReached?: boolean;
}

type Response = ServerResponse<IncomingMessage> & Internals;
/** Headers by name, as `writeHead()` takes them. */
export type Fields = Readonly<Record<string, unknown>>;

/** A head that Node wrote and that may be repeated. */
interface Written {
  readonly status: number;
  /** The headers object, if frozen: the same object needs no comparison. */
  readonly frozen: Fields | undefined;
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  /** The text up to the request's id, and the text after it. Without an id all text is in `before`. */
  readonly before: string;
  readonly after: string;
  /** Unix time. The head contains `Date`, so it may be repeated within this second only. */
  readonly second: number;
}

/** The only header that differs for each request. */
export const REQUEST_ID = 'x-request-id';
const WRITABLE_ID = /^[\x21-\x7e]+$/;

/** A 304 has no body (RFC 9110 §15.4.5). */
const NOT_MODIFIED = 304;

/** Headers that change Node's behaviour, beside being written. */
const EFFECTIVE = ['connection', 'date', 'expect', 'keep-alive', 'trailer', 'transfer-encoding'];

const node = ServerResponse.prototype;

/**
 * Repeats the head of a response that many requests get. To check and join fifteen headers takes Node longer than to find an
 * entry in L1, so the text that Node made is sent again within the same second.
 */
export class RawHead {
  private last: Written | undefined;
  private readonly borrowed = asWriteHead((response, status, fields) => this.put(response, status, fields));

  /** Writes the head on a response, byte for byte as `response.writeHead()` would. */
  write(response: Response, status: number, fields: Fields): void {
    if (response.writeHead === node.writeHead) this.put(response, status, fields);
    // A library has wrapped `writeHead()` and must be called.
    else response.writeHead(status, fields as Record<string, string>);
  }

  /** Replaces `writeHead()` of a response, so that the head is repeated when the framework sends it. */
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
  // Without Content-Length, Node chooses the framing of the body.
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

/** Whether the response has no headers or status message yet, and its connection stays open, as the repeated head says. */
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
