import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';
import type { CacheEntry } from '../../../core/store/entry';
import { StoredResponse } from './stored-response';

export type Encoding = 'identity' | 'br' | 'gzip';

/** Below this many bytes a body costs more to unpack than it saves on the wire. */
const WORTHWHILE = 1_024;
const PREFERRED: Encoding[] = ['br', 'gzip', 'identity'];
const COMPRESSIBLE = /^(text\/|application\/([\w.-]+\+)?(json|xml|javascript)\b|image\/svg)/;

const compressors: Record<Exclude<Encoding, 'identity'>, (bytes: Buffer) => Promise<Buffer>> = {
  // Quality 5 packs better than gzip's default in about the same time; the higher ones cost ten times that.
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes) => promisify(gzip)(bytes),
};

/** Longest Accept-Encoding that is read, in characters: a longer one is none of a browser's, and parsing it costs what it is long. */
const MAX_HEADER = 256;

/** There are about ten such headers in the world, and now and then a strange one. */
const negotiated = new LRUCache<string, string[]>({ max: 500 });

/** Of what the client likes equally (browsers write "gzip, deflate, br") the smallest first. */
function encodings(acceptEncoding: string): string[] {
  const known = negotiated.get(acceptEncoding);
  if (known) return known;
  const request = { headers: { 'accept-encoding': acceptEncoding } };
  // Its types are older than it is and do not know the second argument.
  const negotiator: { encodings(available: Encoding[], options: { preferred: Encoding[] }): string[] } = new Negotiator(
    request,
  );
  const accepted = negotiator.encodings(PREFERRED, { preferred: PREFERRED });
  negotiated.set(acceptEncoding, accepted);
  return accepted;
}

/** RFC 9110 §12.5.3: which encoding of `answer` a request with this `Accept-Encoding` gets. */
export function negotiate(acceptEncoding: string | undefined, answer: StoredResponse): Encoding {
  if (acceptEncoding === undefined || acceptEncoding === 'identity') return 'identity';
  if (acceptEncoding.length > MAX_HEADER) return 'identity';
  // What the handler has encoded stays as it is.
  if (answer.headers['content-encoding'] !== undefined) return 'identity';
  const accepted = encodings(acceptEncoding);
  const isWorthwhile = answer.payload.length >= WORTHWHILE && COMPRESSIBLE.test(answer.headers['content-type'] ?? '');
  // A client that refuses identity gets what it asks for, worth it or not.
  if (!isWorthwhile && accepted.includes('identity')) return 'identity';
  return (accepted[0] as Encoding | undefined) ?? 'identity';
}

/** The bytes of an entry in this encoding if they are at hand, without waiting. */
export function encodedNow(entry: CacheEntry, answer: StoredResponse, encoding: Encoding): Buffer | undefined {
  return encoding === 'identity' ? answer.payload : entry.variants?.get(encoding);
}

/** Compresses each entry once for each encoding, however many ask for it at the same time. */
export class Encoder {
  private readonly running = new WeakMap<CacheEntry, Map<Encoding, Promise<Buffer>>>();

  /** @param keep puts the compressed bytes beside the entry */
  constructor(private readonly keep: (entry: CacheEntry, encoding: Encoding, bytes: Buffer) => void) {}

  async encode(entry: CacheEntry, answer: StoredResponse, encoding: Encoding): Promise<Buffer> {
    if (encoding === 'identity') return answer.payload;
    return entry.variants?.get(encoding) ?? this.once(entry, answer, encoding);
  }

  private once(entry: CacheEntry, answer: StoredResponse, encoding: Exclude<Encoding, 'identity'>): Promise<Buffer> {
    const ofEntry = this.running.get(entry) ?? new Map<Encoding, Promise<Buffer>>();
    this.running.set(entry, ofEntry);
    const begun = ofEntry.get(encoding);
    if (begun) return begun;
    const work = compressors[encoding](answer.payload).then((bytes) => {
      this.keep(entry, encoding, bytes);
      return bytes;
    });
    ofEntry.set(encoding, work);
    void work.finally(() => ofEntry.delete(encoding)).catch(() => undefined);
    return work;
  }
}
