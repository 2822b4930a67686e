import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { RawAnswer } from '../../../support/http';

const DECODERS: Record<string, (bytes: Buffer) => Buffer> = { gzip: gunzipSync, br: brotliDecompressSync };

/** The answer without the encoding of the cache: with that of the application alone. */
export function asEncoded(answer: RawAnswer, reference: RawAnswer): RawAnswer {
  const { 'content-encoding': encoding, ...headers } = answer.headers;
  if (encoding === undefined || reference.headers['content-encoding'] !== undefined) return answer;
  const body = answer.body.length === 0 ? answer.body : DECODERS[encoding]!(answer.body);
  return { ...answer, body, headers: { ...headers, 'content-length': reference.headers['content-length'] } };
}
