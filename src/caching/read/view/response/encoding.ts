import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';
import type { CacheEntry } from '../../../core/store/entry';
import { StoredResponse } from './stored-response';

export type Encoding = 'identity' | 'br' | 'gzip';

/** Bytes below which compression costs more than it saves. */
const WORTHWHILE = 1_024;
const PREFERRED: Encoding[] = ['br', 'gzip', 'identity'];
const COMPRESSIBLE = /^(text\/|application\/([\w.-]+\+)?(json|xml|javascript)\b|image\/svg)/;

const compressors: Record<Exclude<Encoding, 'identity'>, (bytes: Buffer) => Promise<Buffer>> = {
  // Quality 5 compresses better than gzip's default in about the same time; the higher ones take ten times as long.
  br: (bytes) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes) => promisify(gzip)(bytes),
};

/** Longest Accept-Encoding that is parsed, in characters. Browsers send shorter ones, and parsing takes time in proportion. */
const MAX_HEADER = 256;

/** Parsed headers. Clients send about ten different ones. */
const negotiated = new LRUCache<string, string[]>({ max: 500 });

/** The accepted encodings. Of those with equal weight (browsers send "gzip, deflate, br"), the smallest result first. */
function encodings(acceptEncoding: string): string[] {
  const known = negotiated.get(acceptEncoding);
  if (known) return known;
  const request = { headers: { 'accept-encoding': acceptEncoding } };
  // The package's types lack the second argument.
  const negotiator: { encodings(available: Encoding[], options: { preferred: Encoding[] }): string[] } = new Negotiator(
    request,
  );
  const accepted = negotiator.encodings(PREFERRED, { preferred: PREFERRED });
  negotiated.set(acceptEncoding, accepted);
  return accepted;
}

/** The encoding of a response for a request with this `Accept-Encoding` (RFC 9110 §12.5.3). */
export function negotiate(acceptEncoding: string | undefined, stored: StoredResponse): Encoding {
  if (acceptEncoding === undefined || acceptEncoding === 'identity') return 'identity';
  if (acceptEncoding.length > MAX_HEADER) return 'identity';
  // The handler has encoded the body already.
  if (stored.headers['content-encoding'] !== undefined) return 'identity';
  const accepted = encodings(acceptEncoding);
  const isWorthwhile = stored.payload.length >= WORTHWHILE && COMPRESSIBLE.test(stored.headers['content-type'] ?? '');
  // A client that refuses identity gets a compressed body, however small.
  if (!isWorthwhile && accepted.includes('identity')) return 'identity';
  return (accepted[0] as Encoding | undefined) ?? 'identity';
}

/**
 * Whether the application compresses responses by itself, with @fastify/compress: then its choice of encodings counts, and the
 * cache sends the bytes as they are.
 */
export function compressesItself(reply: object): boolean {
  return 'compress' in reply;
}

/** The bytes of an entry in this encoding, or undefined if they are not compressed yet. */
export function encodedNow(entry: CacheEntry, stored: StoredResponse, encoding: Encoding): Buffer | undefined {
  return encoding === 'identity' ? stored.payload : entry.variants?.get(encoding);
}

/** Compresses each entry once for each encoding; concurrent requests share the work. */
export class Encoder {
  private readonly running = new WeakMap<CacheEntry, Map<Encoding, Promise<Buffer>>>();

  /** @param keep stores the compressed bytes beside the entry */
  constructor(private readonly keep: (entry: CacheEntry, encoding: Encoding, bytes: Buffer) => void) {}

  async encode(entry: CacheEntry, stored: StoredResponse, encoding: Encoding): Promise<Buffer> {
    if (encoding === 'identity') return stored.payload;
    return entry.variants?.get(encoding) ?? this.once(entry, stored, encoding);
  }

  private once(entry: CacheEntry, stored: StoredResponse, encoding: Exclude<Encoding, 'identity'>): Promise<Buffer> {
    const ofEntry = this.running.get(entry) ?? new Map<Encoding, Promise<Buffer>>();
    this.running.set(entry, ofEntry);
    const begun = ofEntry.get(encoding);
    if (begun) return begun;
    const work = compressors[encoding](stored.payload).then((bytes) => {
      this.keep(entry, encoding, bytes);
      return bytes;
    });
    ofEntry.set(encoding, work);
    void work.finally(() => ofEntry.delete(encoding)).catch(() => undefined);
    return work;
  }
}
