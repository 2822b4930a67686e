import { createHmac, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A text that proves an entry in Redis unchanged since a node wrote it. @param head the sealed key and fields */
export type Seal = (head: string, body: string | Buffer) => string;

/** Detects damage, and values of other programs, but not forgery: any program that can write to Redis can compute it. */
export const checksum: Seal = (head, body) => crc32(head, crc32(body)).toString(36);

/** Bytes of a block of SHA-256, and of its digest. */
const BLOCK = 64;
const DIGEST = 32;
/** Bytes of head and body up to which they are put together. */
const SHORT = 64 * 1024;
/** UTF-8 takes up to so many bytes for each unit of a string. */
const WIDEST = 3;

/**
 * The first 128 bits of HMAC-SHA256 (RFC 2104 §5): only a node of this application that has the secret can compute it.
 * A page of rows has fifty, and an Hmac object costs more than its hashing: so the two hashes of RFC 2104 §2 are made at once each.
 */
export function signature(secret: string, application = ''): Seal {
  // A derived key, because the secret may have other uses.
  const key = createHmac('sha256', secret).update(`cache entries${application}`).digest();
  const inner = padded(key, 0x36, SHORT);
  const outer = padded(key, 0x5c, DIGEST);
  return (head, body) => {
    const bodyBytes = typeof body === 'string' ? WIDEST * body.length : body.length;
    if (WIDEST * head.length + bodyBytes > SHORT) {
      return shortened(createHmac('sha256', key).update(head).update(body).digest('base64url'));
    }
    let end = BLOCK + inner.write(head, BLOCK);
    end += typeof body === 'string' ? inner.write(body, end) : body.copy(inner, end);
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'latin1');
    return shortened(hash('sha256', outer, 'base64url'));
  };
}

/** A block of the key, combined with `pad`, and room for what is hashed with it. */
function padded(key: Buffer, pad: number, room: number): Buffer {
  const bytes = Buffer.alloc(BLOCK + room);
  for (let at = 0; at < BLOCK; at += 1) bytes[at] = (key[at] ?? 0) ^ pad;
  return bytes;
}

function shortened(digest: string): string {
  return digest.slice(0, 22);
}
