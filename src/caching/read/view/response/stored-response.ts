import type { Body, CacheEntry } from '../../../core/store/entry';
import { strongEtag } from './etag';

/** The part of an answer that is kept beside its bytes. */
interface Head {
  status: number;
  /** What the handler set, by lower-case name. */
  headers: Record<string, string>;
  etag: string;
}

const LINE_END = 0x0a;

/** An answer as it is stored: a line of JSON and the serialised body, both exactly as they will be used. */
export class StoredResponse {
  private constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    readonly etag: string,
    readonly payload: Buffer,
  ) {}

  static make(status: number, headers: Record<string, string>, payload: Buffer): StoredResponse {
    return new StoredResponse(status, headers, strongEtag(payload), payload);
  }

  /** The answer in an entry: parsed once, then remembered for as long as the entry lives. */
  static of(entry: CacheEntry): StoredResponse {
    let answer = known.get(entry);
    if (!answer) {
      answer = StoredResponse.parse(entry.body);
      known.set(entry, answer);
    }
    return answer;
  }

  static parse(body: Body): StoredResponse {
    const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
    const end = bytes.indexOf(LINE_END);
    const { status, headers, etag } = JSON.parse(bytes.toString('utf8', 0, end)) as Head;
    return new StoredResponse(status, headers, etag, bytes.subarray(end + 1));
  }

  toBody(): Buffer {
    const head: Head = { status: this.status, headers: this.headers, etag: this.etag };
    return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), this.payload]);
  }
}

const known = new WeakMap<CacheEntry, StoredResponse>();
