import { createHash } from 'node:crypto';

/** A Lua script and the SHA-1 by which a server that has run it knows it. */
export interface RedisScript {
  readonly source: string;
  readonly sha: string;
}

export function redisScript(source: string): RedisScript {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
