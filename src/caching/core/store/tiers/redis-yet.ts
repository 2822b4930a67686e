import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import type { RedisClient } from '../../redis/client';

/** What is kept under one key: a small head, which travels as JSON, and a text, which does not. */
export interface Parcel {
  readonly head: unknown;
  readonly body: string;
}

const LINE_END = '\n';

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
  private passing?: { body?: string };

  constructor(private readonly link: RedisClient) {
    const client = {
      get: (key: string) => this.fetch(key),
      set: (key: string, head: string, options: { PX: number }) =>
        link.send(key, ['SET', key, head + LINE_END + this.passed().body, 'PX', String(options.PX)]),
      del: (key: string) => link.send(key, ['UNLINK', key]),
    };
    this.adapter = new KeyvAdapter(redisInsStore(client as never));
  }

  /** Undefined: not there, or nothing that was put there by `set`. */
  async get(key: string): Promise<Parcel | undefined> {
    const call: { body?: string } = {};
    const head = await this.pass(call, () => this.adapter.get<unknown>(key)).catch(unreadable);
    return head === undefined || call.body === undefined ? undefined : { head, body: call.body };
  }

  /** @param ttl milliseconds, whole */
  async set(key: string, { head, body }: Parcel, ttl: number): Promise<void> {
    await this.pass({ body }, () => this.adapter.set(key, head, ttl));
  }

  async delete(key: string): Promise<void> {
    await this.adapter.delete(key);
  }

  private async fetch(key: string): Promise<string | null> {
    const call = this.passed();
    const text = await this.link.send<string | null>(key, ['GET', key]);
    const end = text?.indexOf(LINE_END) ?? -1;
    if (text === null || end < 0) return null;
    call.body = text.slice(end + 1);
    return text.slice(0, end);
  }

  /** redis-yet calls its client before it returns, so no other call can come between; if ever it does not, nothing is mixed up. */
  private pass<T>(call: { body?: string }, make: () => Promise<T>): Promise<T> {
    this.passing = call;
    const answer = make();
    if (this.passing === undefined) return answer;
    this.passing = undefined;
    answer.catch(() => undefined);
    throw new Error('redis-yet did not call its client at once');
  }

  private passed(): { body?: string } {
    const { passing } = this;
    this.passing = undefined;
    if (passing === undefined) throw new Error('redis-yet called its client by itself');
    return passing;
  }
}

/** Somebody else's bytes under our key are not an entry; that is no failure of Redis. */
function unreadable(error: unknown): undefined {
  if (error instanceof SyntaxError) return undefined;
  throw error;
}
