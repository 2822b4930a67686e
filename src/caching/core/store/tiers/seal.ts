import { createHmac, createSecretKey } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Proves that an entry in Redis is as a node wrote it, under this very key. @param head all else that has to be as it was */
export type Seal = (head: string, body: string | Buffer) => string;

/** Finds damage, and entries of other programs. Whoever can write to Redis can make it. */
export const checksum: Seal = (head, body) => crc32(head, crc32(body)).toString(36);

/** HMAC-SHA256, its first 128 bits (RFC 2104 §5): only a node of this application that has the secret can make it. */
export function signature(secret: string, application = ''): Seal {
  // A key of its own: the secret may serve for other things too.
  const key = createSecretKey(createHmac('sha256', secret).update(`cache entries${application}`).digest());
  return (head, body) => createHmac('sha256', key).update(head).update(body).digest('base64url').slice(0, 22);
}
