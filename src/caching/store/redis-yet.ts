import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import type { RedisLink } from '../redis/redis-link';

/** What is kept under one key: a small head, which travels as JSON, and bytes or text, which do not. */
export interface Parcel {
  readonly head: unknown;
  readonly body: Buffer | string;
}

const LINE_END = 0x0a;

/**
 * Redis by way of cache-manager-redis-yet, as cache-manager's KeyvAdapter speaks to it. The only file that knows
 * redis-yet: it is deprecated upstream. It puts whatever it is given through JSON, which for 9 kB costs more than the
 * answer of Redis does. So it is given the head alone, and a client of ours, one for each call, that puts the body behind
 * the head on the way out, a line end between, and takes it off on the way back. That client has the few commands
 * redis-yet may use: each with the link's deadline, and no FLUSHDB, which is what its `reset()` sends.
 */
export class RedisYet {
  constructor(private readonly link: RedisLink) {}

  /** Undefined: not there, or nothing that was put there by `set`. */
  async get(key: string): Promise<Parcel | undefined> {
    let body: Buffer | undefined;
    const get = async (name: string): Promise<string | null> => {
      const bytes = await this.link.bytes(name);
      const end = bytes ? bytes.indexOf(LINE_END) : -1;
      if (bytes === null || end < 0) return null;
      body = bytes.subarray(end + 1);
      return bytes.toString('utf8', 0, end);
    };
    const head = await through({ get }).get(key).catch(unreadable);
    return head === undefined || body === undefined ? undefined : { head, body };
  }

  /** @param ttl milliseconds, whole */
  async set(key: string, { head, body }: Parcel, ttl: number): Promise<void> {
    const set = (name: string, text: string, options: { PX: number }): Promise<unknown> =>
      this.link.send(name, ['SET', name, behind(text, body), 'PX', String(options.PX)]);
    await through({ set }).set(key, head, ttl);
  }

  async delete(key: string): Promise<void> {
    await through({ del: (name: string) => this.link.send(name, ['UNLINK', name]) }).delete(key);
  }
}

function through(client: object): KeyvAdapter {
  return new KeyvAdapter(redisInsStore(client as never));
}

function behind(head: string, body: Buffer | string): Buffer | string {
  return typeof body === 'string' ? `${head}\n${body}` : Buffer.concat([Buffer.from(`${head}\n`), body]);
}

/** Somebody else's bytes under our key are not an entry; that is no failure of Redis. */
function unreadable(error: unknown): undefined {
  if (error instanceof SyntaxError) return undefined;
  throw error;
}
