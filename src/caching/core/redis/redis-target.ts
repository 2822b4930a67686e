/** Which Redis: one server, the master that sentinels name, or a cluster. URLs are `redis[s]://[user:password@]host:port[/db]`. */
export type RedisTarget =
  | { readonly url: string }
  | { readonly sentinels: readonly string[]; readonly master: string; readonly url?: string }
  | { readonly clusterNodes: readonly string[] };

/** What Redis answers: RESP2. */
export type RedisReply = string | number | Buffer | null | RedisReply[];

/** One live connection (of a cluster: a set of them) with its subscriptions. It does not repair itself: RedisClient dials a new one. */
export interface RedisConnection {
  /** Sends to the server that owns `key`. */
  send(key: string, args: string[]): Promise<RedisReply>;
  /** How many masters there are; `sendTo` speaks to one of them. */
  readonly masters: number;
  sendTo(master: number, args: string[]): Promise<RedisReply>;
  subscribe(channel: string, listener: (message: string) => void): Promise<void>;
  /** Closes sockets at once; never waits for a server. */
  destroy(): void;
}
