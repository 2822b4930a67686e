import { createHmac, createSecretKey } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A text that proves an entry in Redis unchanged since a node wrote it. @param head the sealed key and fields */
export type Seal = (head: string, body: string | Buffer) => string;

/** Detects damage, and values of other programs, but not forgery: any program that can write to Redis can compute it. */
export const checksum: Seal = (head, body) => crc32(head, crc32(body)).toString(36);

/** The first 128 bits of HMAC-SHA256 (RFC 2104 §5): only a node of this application that has the secret can compute it. */
export function signature(secret: string, application = ''): Seal {
  // A derived key, because the secret may have other uses.
  const key = createSecretKey(createHmac('sha256', secret).update(`cache entries${application}`).digest());
  return (head, body) => createHmac('sha256', key).update(head).update(body).digest('base64url').slice(0, 22);
}
