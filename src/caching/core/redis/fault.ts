import { CacheError } from '../../caching.errors';

/** What is wrong, by how an error's message or code begins, and what to change. The first that fits counts. */
const FAULTS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [/WRONGPASS|invalid password|invalid username-password/i, 'the server refuses the user or password of the Redis URL'],
  [/without any password configured|no password is set/i, 'the Redis URL has a password and the server has none'],
  [/^NOAUTH/, 'the server asks for a password and the Redis URL has none'],
  [/DB index is out of range|invalid DB index/i, 'the server has no database of the number in the Redis URL'],
  [/^NOPERM|can't run this command/, 'the user of the Redis URL lacks a right, see docs/redis.md'],
  [/^LOADING/, 'the server is still loading its data'],
  [/unexpected symbol near '#'/, 'the server is older than Redis 7 or Valkey 7.2, which is needed'],
  [/^READONLY/, 'the server is a replica: name its master in the Redis URL, or use redis+sentinel://'],
  [/cluster support disabled/i, 'the server is no cluster: use redis:// instead of redis+cluster://'],
  [/unknown command '?SENTINEL/i, 'the server is no sentinel: use redis:// instead of redis+sentinel://'],
  [/WRONG_VERSION_NUMBER|wrong version number|packet length too long/i, 'the server does not speak TLS: use redis://'],
  [/CERTIFICATE.REQUIRED/i, 'the server asks for a certificate of the client: set tls-auth-clients to no'],
  [/CERT_HAS_EXPIRED/, "the server's certificate has expired: renew it"],
  [/CERT_NOT_YET_VALID/, "the server's certificate is not valid yet: compare the clocks of both machines"],
  [/ALTNAME/, "the server's certificate names another host than the Redis URL: use the name in the certificate"],
  [/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/, "the server's certificate is not trusted, see NODE_EXTRA_CA_CERTS"],
  [/ECONNREFUSED/, 'nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN/, 'the host name is unknown'],
  [/ETIMEDOUT/, 'the server cannot be reached in time, or does not speak TLS and the URL says so'],
  [/CACHE_TIMEOUT/, 'the server does not reply in time'],
  [
    /^Connection is closed|ECONNRESET/,
    'the server closed the connection: if it speaks TLS, use rediss://; if it asks for a certificate of the client, set tls-auth-clients to no',
  ],
];

/** One error for people: what is wrong with Redis, in a sentence, with the server's or system's own word for it. */
export function explained(cause: unknown): CacheError {
  const code = (cause as { code?: string } | undefined)?.code ?? '';
  // Where a host has several addresses, Node's error has a code and no message.
  const message = cause instanceof Error ? cause.message || code : String(cause);
  const [, sentence] = FAULTS.find(([pattern]) => pattern.test(message) || pattern.test(code)) ?? [];
  const text = sentence === undefined ? message : `${sentence}: ${message}`;
  return new CacheError(cause instanceof CacheError ? cause.code : 'CACHE_REDIS_UNAVAILABLE', text, { cause });
}

/** The client hangs the whole command on an error reply: an AUTH with its password, or an entry of any size. */
export function withoutCommand(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'command');
  return error;
}
