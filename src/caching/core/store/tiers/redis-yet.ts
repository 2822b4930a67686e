import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import type { RedisClient } from '../../redis/client';

/** The value of one Redis key: a small head as JSON, and a raw body. */
export interface StoredRecord<Stored extends string | Buffer = string | Buffer> {
  readonly head: unknown;
  readonly body: Stored;
}

/** Represents a value that `set` did not write: without a head, with a head that is not JSON, or of another Redis type. */
const UNREADABLE: StoredRecord<Buffer> = { head: undefined, body: Buffer.alloc(0) };
const LINE_END = '\n';
/** Upper bound of a head, in bytes. A value without a line end up to there has no head. */
const HEAD_LIMIT = 1 << 20;

/**
 * Redis through cache-manager-redis-yet and cache-manager's KeyvAdapter. This is the only file that uses redis-yet, which is
 * deprecated upstream.
 * redis-yet serialises values as JSON, which for 9 kB takes longer than the reply of Redis. So it gets only the head. Its
 * client, made here, appends the body after a line end when it writes, and splits the two when it reads. The client has
 * only the commands that redis-yet needs, each with the deadline of the connection; without FLUSHDB, which `reset()` sends.
 */
export class RedisYet {
  /** One for all calls: each redis-yet store has a hidden class of its own, which only a full garbage collection frees. */
  private readonly adapter: KeyvAdapter;
  /** The body of the current call, until redis-yet calls the client. */
  private inFlightBody?: { body?: string | Buffer };

  constructor(private readonly client: RedisClient) {
    const narrow = {
      get: (key: string) => this.fetch(key),
      set: (key: string, head: string, { PX }: { PX: number }) =>
        client.send(key, ['SET', key, joined(head + LINE_END, this.takeBody().body!), 'PX', String(PX)]),
      del: (key: string) => client.send(key, ['UNLINK', key]),
    };
    this.adapter = new KeyvAdapter(redisInsStore(narrow as never));
  }

  /** The record of `key`, or undefined. A value that `set` did not write has no head. @throws as `RedisClient.send` */
  async get(key: string): Promise<StoredRecord<Buffer> | undefined> {
    const call: { body?: Buffer } = {};
    try {
      const head = await this.withBody(call, () => this.adapter.get<unknown>(key));
      return call.body && { head, body: call.body };
    } catch (error) {
      if (isUnreadable(error)) return UNREADABLE;
      throw error;
    }
  }

  /**
   * The records of many keys, by one MGET, which redis-yet reads as text and so would damage. A key of another Redis type
   * has none.
   * @throws as `RedisClient.send`
   */
  async getMany(keys: readonly string[]): Promise<(StoredRecord<Buffer> | undefined)[]> {
    const values = await this.client.getManyBytes(keys);
    return values.map((bytes) => (bytes === null ? undefined : parsed(bytes)));
  }

  /** @param ttl milliseconds, whole */
  async set(key: string, { head, body }: StoredRecord, ttl: number): Promise<void> {
    await this.withBody({ body }, () => this.adapter.set(key, head, ttl));
  }

  async delete(key: string): Promise<void> {
    await this.adapter.delete(key);
  }

  private async fetch(key: string): Promise<string | null> {
    const call = this.takeBody();
    const bytes = await this.client.getBytes(key);
    if (bytes === null) return null;
    const { head, body } = divided(bytes);
    call.body = body;
    return head;
  }

  /** Passes a body past redis-yet, which calls its client synchronously. If it ever does not, the call fails instead of mixing up bodies. */
  private withBody<T>(call: { body?: string | Buffer }, make: () => Promise<T>): Promise<T> {
    this.inFlightBody = call;
    const result = make();
    if (this.inFlightBody === undefined) return result;
    this.inFlightBody = undefined;
    result.catch(() => undefined);
    throw new Error('redis-yet did not call its client synchronously');
  }

  private takeBody(): { body?: string | Buffer } {
    const { inFlightBody } = this;
    this.inFlightBody = undefined;
    if (inFlightBody === undefined) throw new Error('redis-yet called its client outside a call of this class');
    return inFlightBody;
  }
}

/** Without a head, that is an empty text, which is not valid JSON. */
function divided(bytes: Buffer): { head: string; body: Buffer } {
  const end = bytes.subarray(0, HEAD_LIMIT).indexOf(LINE_END);
  return { head: bytes.toString('utf8', 0, Math.max(0, end)), body: bytes.subarray(end + 1) };
}

function parsed(bytes: Buffer): StoredRecord<Buffer> {
  const { head, body } = divided(bytes);
  try {
    return { head: JSON.parse(head) as unknown, body };
  } catch {
    return UNREADABLE;
  }
}

function joined(head: string, body: string | Buffer): string | Buffer {
  return typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head), body]);
}

/** Whether the head is not JSON, or Redis refused the GET because the key holds a hash or a list. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.message.startsWith('WRONGTYPE'));
}
