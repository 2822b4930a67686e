/** A part of a command. */
export type RedisArgument = string | Buffer;

/** What Redis replies: RESP2. */
export type RedisReply = string | number | Buffer | null | RedisReply[];

/** One live connection (of a cluster: a set of them) with its subscriptions. It does not repair itself: RedisClient connects again. */
export interface RedisConnection {
  /** Sends to the server that owns `key`. */
  send(key: string, args: readonly RedisArgument[]): Promise<RedisReply>;
  /** GET, as bytes. */
  getBytes(key: string): Promise<Buffer | null>;
  /** The values of many keys, as bytes; null where a key has none. */
  getManyBytes(keys: readonly string[]): Promise<(Buffer | null)[]>;
  /** How many masters there are; `sendTo` speaks to one of them. */
  readonly masters: number;
  sendTo(master: number, args: readonly RedisArgument[]): Promise<RedisReply>;
  /** @param listener must not throw */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  /** Closes sockets at once; never waits for a server. */
  destroy(): void;
}
