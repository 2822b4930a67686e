import type { Keyv } from 'keyv';
import type { RedisLink } from '../redis/redis-link';
import type { TagClock } from '../tags/tag-clock';
import type { Time } from '../time';
import { decodeEntry, encodeEntry, type StoredEntry } from './entry-codec';
import { type CacheEntry, keptFor, overdue } from './entry';
import { redisYetKeyv } from './redis-yet';

/** The shared tier. Every method may reject; what that means for a request is decided above. */
export interface L2 {
  /**
   * Reads an entry and asks the clock in the same round trip, so that what is returned can be judged exactly.
   * Undefined: not there, or not one of ours.
   */
  read(key: string): Promise<CacheEntry | undefined>;
  write(entry: CacheEntry): Promise<void>;
  delete(key: string): Promise<void>;
  /** Frees every entry, by cursor, never by FLUSHDB: other programs live here too. */
  clear(): Promise<void>;
  /** One step through all keys: a few keys and where to go on. Begin with '0:0'. */
  scan(keyPrefix: string, cursor: string, count: number): Promise<{ keys: string[]; next?: string }>;
}

export class RedisL2 implements L2 {
  private readonly keyv: Keyv;
  private readonly namespace: string;

  constructor(
    private readonly link: RedisLink,
    prefix: string,
    private readonly clock: TagClock,
    private readonly time: Time,
  ) {
    this.namespace = `${prefix}:entry`;
    this.keyv = redisYetKeyv(link, this.namespace);
  }

  async read(key: string): Promise<CacheEntry | undefined> {
    const knownAt = this.time.mono();
    const [stored] = await Promise.all([this.keyv.get<StoredEntry>(key).catch(unreadable), this.clock.now()]);
    return decodeEntry(key, stored, knownAt, this.time);
  }

  async write(entry: CacheEntry): Promise<void> {
    const ttl = keptFor(entry) - overdue(entry, this.time.wall(), this.time.mono());
    if (ttl > 0) await this.keyv.set(entry.key, encodeEntry(entry), Math.ceil(ttl));
  }

  async delete(key: string): Promise<void> {
    await this.keyv.delete(key);
  }

  async clear(): Promise<void> {
    let cursor: string | undefined = '0:0';
    while (cursor !== undefined) {
      const { keys, next }: { keys: string[]; next?: string } = await this.scan('', cursor, 1_000);
      await Promise.all(keys.map((key) => this.delete(key)));
      cursor = next;
    }
  }

  async scan(keyPrefix: string, cursor: string, count: number): Promise<{ keys: string[]; next?: string }> {
    const own = `${this.namespace}:`;
    const { keys, next } = await this.link.scan(`${escapeGlob(own + keyPrefix)}*`, cursor, count);
    return { keys: keys.map((key) => key.slice(own.length)), next };
  }
}

/** Somebody else's bytes under our key are not an entry; that is no failure of Redis. */
function unreadable(error: unknown): undefined {
  if (error instanceof SyntaxError) return undefined;
  throw error;
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}
