import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Body, CacheEntry } from '../../../core/store/entry';
import { strongEtag } from './etag';
import { requireRefusal } from './refusal';

/** The part of a response that is stored beside its bytes. */
interface Head {
  status: number;
  /** Headers that the handler set, by lower-case name. */
  headers: Record<string, string>;
  etag: string;
  /** The class of a 404. */
  type?: string;
  /** The framework made a Buffer of the body, not text. */
  bytes?: true;
}

const LINE_END = 0x0a;

/** A stored response: one line of JSON for the head, then the body's bytes as they will be sent. */
export class StoredResponse {
  private constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    readonly etag: string,
    readonly payload: Buffer,
    private readonly isText: boolean,
    /** The class of a stored 404: see `refusalOf`. */
    readonly type?: string,
  ) {}

  /** The body as the framework gave it to the application's hooks: one that takes text leaves a Buffer as it is. */
  get serialised(): string | Buffer {
    return this.isText ? this.payload.toString() : this.payload;
  }

  /** A response as one body to store. A validator that the handler set itself replaces ours. */
  static encode(
    status: number,
    { etag, ...headers }: Record<string, string>,
    payload: string | Buffer,
    type?: string,
  ): { body: Buffer; size: number } {
    const isText = typeof payload === 'string';
    const head: Head = { status, headers, etag: etag ?? strongEtag(payload), ...(isText ? {} : { bytes: true }), type };
    const line = `${JSON.stringify(head)}\n`;
    const start = Buffer.byteLength(line);
    const size = Buffer.byteLength(payload);
    const body = Buffer.allocUnsafeSlow(start + size);
    body.write(line);
    if (isText) body.write(payload, start);
    else payload.copy(body, start);
    known.set(body, new StoredResponse(status, headers, head.etag, body.subarray(start), isText, type));
    return { body, size };
  }

  /** The response in an entry, parsed at most once in the entry's lifetime. @throws as `parse` */
  static of(entry: Pick<CacheEntry, 'body'>): StoredResponse {
    const holder = Buffer.isBuffer(entry.body) ? entry.body : entry;
    let response = known.get(holder);
    if (!response) {
      response = StoredResponse.parse(entry.body);
      known.set(holder, response);
    }
    return response;
  }

  /** @throws TypeError, SyntaxError for what no node wrote: a body without a head, a header that is never stored or cannot be sent, or a class that this process does not know */
  static parse(body: Body): StoredResponse {
    const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
    const end = bytes.indexOf(LINE_END);
    const head: unknown = JSON.parse(bytes.toString('utf8', 0, end));
    if (!isHead(head)) throw new TypeError('an entry holds no response');
    const { status, headers, etag, type, bytes: isBytes } = head;
    if (status === 404) requireRefusal(bytes.toString('utf8', end + 1), type);
    return new StoredResponse(status, headers, etag, bytes.subarray(end + 1), isBytes !== true, type);
  }
}

/** By the bytes that it is in, or the entry that has it as text. */
const known = new WeakMap<object, StoredResponse>();

function isHead(head: unknown): head is Head {
  if (typeof head !== 'object' || head === null) return false;
  const { status, headers, etag } = head as Partial<Record<keyof Head, unknown>>;
  if (typeof etag !== 'string' || typeof headers !== 'object' || headers === null) return false;
  for (const [name, value] of Object.entries({ ...headers, etag })) {
    if (name === 'set-cookie' || name !== name.toLowerCase() || typeof value !== 'string') return false;
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  return status === 200 || status === 404;
}
