import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { RedisClient } from '../../redis/client';
import type { RedisYet, StoredRecord } from './redis-yet';

/** Largest body, in bytes, that is stored in one Redis key. */
const MAX_WHOLE = 1 << 20;
/** Bytes of one part: other commands wait for one part at most. */
const PART = 256 * 1024;
/** A UTF-16 code unit is at most this many bytes of UTF-8. */
const MAX_UTF8 = 3;

/** The head of a value whose body is in parts. */
interface InParts {
  readonly parts: readonly [id: string, count: number];
  readonly head: unknown;
}

/**
 * Records of any size. All commands share one connection, and each has a deadline, so a body of megabytes in one command
 * would hold up every other key, and look like a server that does not reply. A large body is written and read in parts,
 * one after the other, and its head last.
 */
export class LargeValues {
  /** Values in parts that this node has written or read. Their parts are deleted when the node replaces or deletes them; others expire. */
  private readonly known = new LRUCache<string, InParts['parts']>({ max: 1_000 });

  constructor(
    private readonly redis: RedisYet,
    private readonly client: RedisClient,
    /** Of the keys of parts. */
    private readonly prefix: string,
  ) {}

  /** The record of `key`; undefined where there is none, or a part of its body is missing. @throws as `RedisYet.get` */
  async get(key: string): Promise<StoredRecord<Buffer> | undefined> {
    return this.whole(key, await this.redis.get(key));
  }

  /** The records of many keys. @throws as `RedisYet.getMany` */
  async getMany(keys: readonly string[]): Promise<(StoredRecord<Buffer> | undefined)[]> {
    const records = await this.redis.getMany(keys);
    for (const [at, record] of records.entries()) {
      if (record && isInParts(record.head)) records[at] = await this.whole(keys[at]!, record);
    }
    return records;
  }

  /** @param ttl milliseconds, whole @throws as `RedisYet.set` */
  async set(key: string, { head, body }: StoredRecord, ttl: number): Promise<void> {
    const bytes = typeof body === 'string' && body.length * MAX_UTF8 > MAX_WHOLE ? Buffer.from(body) : body;
    const replaced = this.known.get(key);
    if (bytes.length <= MAX_WHOLE) await this.redis.set(key, { head, body }, ttl);
    else await this.setInParts(key, head, bytes as Buffer, ttl);
    if (replaced) await this.forget(key, replaced);
  }

  /** @throws as `RedisYet.delete` */
  async delete(key: string): Promise<void> {
    const deleted = this.known.get(key);
    await this.redis.delete(key);
    if (deleted) await this.forget(key, deleted);
  }

  private async setInParts(key: string, head: unknown, body: Buffer, ttl: number): Promise<void> {
    const parts = [randomUUID(), Math.ceil(body.length / PART)] as const;
    for (const [at, name] of this.names(parts).entries()) {
      await this.client.send(name, ['SET', name, body.subarray(at * PART, (at + 1) * PART), 'PX', String(ttl)]);
    }
    await this.redis.set(key, { head: { parts, head } satisfies InParts, body: '' }, ttl);
    this.known.set(key, parts);
  }

  private async whole(
    key: string,
    record: StoredRecord<Buffer> | undefined,
  ): Promise<StoredRecord<Buffer> | undefined> {
    if (!record || !isInParts(record.head)) return record;
    const { parts, head } = record.head;
    this.known.set(key, parts);
    const bodies: Buffer[] = [];
    for (const name of this.names(parts)) {
      const part = await this.client.getBytes(name);
      // Expired, or deleted with a value that was replaced meanwhile.
      if (part === null) return undefined;
      bodies.push(part);
    }
    return { head, body: Buffer.concat(bodies) };
  }

  private async forget(key: string, parts: InParts['parts']): Promise<void> {
    if (this.known.get(key) === parts) this.known.delete(key);
    await Promise.all(this.names(parts).map((name) => this.client.send(name, ['UNLINK', name])));
  }

  private names([id, count]: InParts['parts']): string[] {
    return Array.from({ length: count }, (_, at) => `${this.prefix}${id}:${at}`);
  }
}

/** At most a gigabyte: a head may have been written by another program. */
const MAX_PARTS = 4_096;

function isInParts(head: unknown): head is InParts {
  if (typeof head !== 'object' || head === null || !('parts' in head) || !Array.isArray(head.parts)) return false;
  const [id, count] = head.parts as unknown[];
  return typeof id === 'string' && Number.isInteger(count) && (count as number) > 0 && (count as number) <= MAX_PARTS;
}
