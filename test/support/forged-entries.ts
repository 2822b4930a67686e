import type { Redis } from 'iovalkey';
import type { CacheEntry, CacheStack } from '../../src/caching';
import { systemTime } from '../../src/caching/core/async/time';
import { decodeEntry, encodeEntry } from '../../src/caching/core/store/tiers/entry-codec';
import { checksum, signature } from '../../src/caching/core/store/tiers/seal';

export const SECRET = 'x'.repeat(32);
export const APPLICATION = 'shop';
const SEALS = { checksum, secret: signature(SECRET, APPLICATION) };
export type Sealing = keyof typeof SEALS;

/** Entries in Redis as a program would write them that can compute the seal. */
export class ForgedEntries {
  private readonly own: string;

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.own = `${prefix}:entry:${APPLICATION}:`;
  }

  /** The keys of entries in Redis that begin with `prefix`. */
  async keys(prefix = ''): Promise<string[]> {
    return (await this.redis.keys(`${this.own}*`))
      .map((name) => name.slice(this.own.length))
      .filter((key) => key.startsWith(prefix));
  }

  /** Changes members of the entry of `key`, and seals it. What `stack` has in its own memory is dropped. */
  async forge(stack: CacheStack, key: string, sealing: Sealing, change: Record<string, unknown>): Promise<void> {
    await stack.store.idle();
    const bytes = (await this.redis.getBuffer(this.own + key))!;
    const end = bytes.indexOf('\n');
    const record = { head: JSON.parse(bytes.toString('utf8', 0, end)) as unknown, body: bytes.subarray(end + 1) };
    const entry: CacheEntry = decodeEntry(key, record, SEALS[sealing], systemTime.mono(), systemTime)!;
    const { head, body } = encodeEntry({ ...entry, ...change }, SEALS[sealing]);
    const forged = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), Buffer.from(body)]);
    await this.redis.set(this.own + key, forged);
    stack.l1.clear();
  }
}
