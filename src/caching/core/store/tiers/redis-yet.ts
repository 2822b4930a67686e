import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import type { RedisClient } from '../../redis/client';

/** What is kept under one key: a small head, which travels as JSON, and a body, which does not. */
export interface StoredRecord<Stored extends string | Buffer = string | Buffer> {
  readonly head: unknown;
  readonly body: Stored;
}

/** Stands for a value that `set` did not write: no head, a head that is no JSON, a value of another type. */
const UNREADABLE: StoredRecord<Buffer> = { head: undefined, body: Buffer.alloc(0) };
const LINE_END = '\n';
/** A head is shorter: whatever has no line end by then is none, and is not searched to its end. */
const HEAD_LIMIT = 1 << 20;

/**
 * Redis by way of cache-manager-redis-yet, as cache-manager's KeyvAdapter speaks to it. The only file that knows
 * redis-yet: it is deprecated upstream. It puts whatever it is given through JSON, which for 9 kB costs more than the
 * answer of Redis does. So it is given the head alone, and a client of ours, which puts the body behind the head on the
 * way out, a line end between, and takes it off on the way back. That client has the few commands redis-yet may use:
 * each with the link's deadline, and no FLUSHDB, which is what its `reset()` sends.
 */
export class RedisYet {
  /** One for all calls: each store that redis-yet makes has a hidden class of its own, which only a full collection frees. */
  private readonly adapter: KeyvAdapter;
  /** The body of the call that is just being made, for as long as it takes redis-yet to call the client. */
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

  /** Undefined: not there. What `set` did not write has no head. @throws as `RedisClient.send` */
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
    const end = bytes.subarray(0, HEAD_LIMIT).indexOf(LINE_END);
    call.body = bytes.subarray(end + 1);
    // Without a head: an empty one, which is no JSON.
    return bytes.toString('utf8', 0, Math.max(0, end));
  }

  /** redis-yet calls its client before it returns, so no other call can come between; if ever it does not, nothing is mixed up. */
  private withBody<T>(call: { body?: string | Buffer }, make: () => Promise<T>): Promise<T> {
    this.inFlightBody = call;
    const result = make();
    if (this.inFlightBody === undefined) return result;
    this.inFlightBody = undefined;
    result.catch(() => undefined);
    throw new Error('redis-yet did not call its client at once');
  }

  private takeBody(): { body?: string | Buffer } {
    const { inFlightBody } = this;
    this.inFlightBody = undefined;
    if (inFlightBody === undefined) throw new Error('redis-yet called its client by itself');
    return inFlightBody;
  }
}

function joined(head: string, body: string | Buffer): string | Buffer {
  return typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head), body]);
}

/** redis-yet parses the head as JSON; a hash or a list under the key is refused by Redis. */
function isUnreadable(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.message.startsWith('WRONGTYPE'));
}
