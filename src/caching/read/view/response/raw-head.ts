import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';

/** Undocumented members of Node's responses, there since 0.x. Without them every head is written by `writeHead()`. */
interface Internals {
  /** Status line and headers, as sent. */
  _header?: string | Buffer | null;
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
  /** The whole head, where it has no id. Node writes it and the body at once, and copies neither. */
  readonly bytes: Buffer | undefined;
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

  /** Sends the head and the body, byte for byte as `response.writeHead()` and `end()` would. */
  send(response: Response, status: number, fields: Fields, body?: Buffer): void {
    // A library has wrapped `writeHead()` and must be called.
    if (response.writeHead !== node.writeHead) response.writeHead(status, fields as Record<string, string>);
    else this.put(response, status, fields, asItIs, body);
    response.end(body);
  }

  /**
   * The same, where the headers depend on `given` and on nothing else. They are made of it where the head cannot be repeated.
   * @param complete always the same function for one RawHead and one status
   */
  sendWith(
    response: Response,
    status: number,
    given: Fields,
    complete: (given: Fields) => Fields,
    body?: Buffer,
  ): void {
    if (response.writeHead !== node.writeHead) response.writeHead(status, complete(given) as Record<string, string>);
    else this.put(response, status, given, complete, body);
    response.end(body);
  }

  /** Replaces `writeHead()` of a response, so that the head is repeated when the framework sends it. */
  lendTo(response: Response): void {
    if (response.writeHead === node.writeHead) response.writeHead = this.borrowed;
  }

  private put(response: Response, status: number, given: Fields, complete = asItIs, body?: Buffer): void {
    const second = Math.floor(Date.now() / 1_000);
    const isRepeatable = isOrdinary(response);
    const { last } = this;
    if (isRepeatable && last?.second === second && isTheSame(last, status, given))
      return repeat(last, response, given, body);
    const fields = complete(given);
    node.writeHead.call(response, status, fields as Record<string, string>);
    if (isRepeatable) this.last = written(response, given, fields, second);
  }
}

function asItIs(fields: Fields): Fields {
  return fields;
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

function written(response: Response, given: Fields, fields: Fields, second: number): Written | undefined {
  const { _header: text, statusCode: status } = response;
  const isPlain = [given, fields].every((all) => Object.entries(all).every(isPlainField));
  // Without Content-Length, Node chooses the framing of the body.
  const isFramed = status === NOT_MODIFIED || 'content-length' in fields;
  const id = given[REQUEST_ID] as string | undefined;
  if (typeof text !== 'string' || !isPlain || !isFramed || id !== fields[REQUEST_ID]) return undefined;
  const [before, after] = aroundId(text, id);
  const frozen = Object.isFrozen(given) ? given : undefined;
  const bytes = id === undefined ? Buffer.from(before, 'latin1') : undefined;
  return { status, frozen, names: Object.keys(given), values: Object.values(given), before, after, bytes, second };
}

function isPlainField([name, value]: [string, unknown]): boolean {
  return typeof value === 'string' && !EFFECTIVE.includes(name.toLowerCase());
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

/** Node joins a head that is text with a body that is text, so the bytes are for a body of bytes. */
function repeat({ status, before, after, bytes }: Written, response: Response, given: Fields, body?: Buffer): void {
  response.statusCode = status;
  response.statusMessage = STATUS_CODES[status]!;
  if (status === NOT_MODIFIED) response._hasBody = false;
  if (bytes && body?.length && response._hasBody === true) response._header = bytes;
  else response._header = before + ((given[REQUEST_ID] ?? '') as string) + after;
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
