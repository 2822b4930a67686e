import { randomUUID } from 'node:crypto';
import { CacheError } from '../../caching.errors';
import type { RedisClient } from '../redis/client';
import type { RedisReply } from '../redis/connection';
import type { RedisScript } from '../redis/script';
import { clockScript, incarnationOf } from './redis-clock-scripts';

export type ClockOperation = 'stamp' | 'since' | 'read' | 'renew';

/** One run of one server's process, and the clock's script that only this process knows. */
interface Incarnation {
  readonly name: string;
  readonly script: RedisScript;
}

/** A head that changes hands more often within one call than this is a fault, not a failover. */
const ATTEMPTS = 5;

/**
 * Runs the clock's operations where Law 7 holds: an epoch lives in one incarnation of one server only.
 *
 * Redis never saves or replicates its script cache: another process (restarted, promoted, restored) has an empty one.
 * So the source of the script names an incarnation, and EVALSHA itself proves, within the very call and on whichever
 * server of a cluster runs it, that the process is still the same. NOSCRIPT: this process is another one, and an EVAL
 * with an incarnation of its own begins a new epoch. (The same after SCRIPT FLUSH: safe, and rare.)
 */
export class IncarnationScript {
  private incarnation?: Incarnation;

  constructor(
    private readonly link: RedisClient,
    private readonly key: string,
  ) {}

  /** @throws CacheError `CACHE_REDIS_UNAVAILABLE`, `CACHE_TIMEOUT`; Redis error replies */
  async run(operation: ClockOperation, args: readonly string[]): Promise<RedisReply[]> {
    let incarnation = this.incarnation ?? (await this.incarnationOfHead());
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      let reply = await this.link.evalKnown(incarnation.script, this.key, argv(operation, '', args));
      if (reply === undefined) {
        const replaced = incarnation.name;
        incarnation = named(newName());
        reply = await this.link.evalSource(incarnation.script, this.key, argv(operation, replaced, args));
      }
      const [first, ...rest] = reply as RedisReply[];
      if (rest.length === 0) incarnation = named(String(first));
      else {
        this.incarnation = incarnation;
        return reply as RedisReply[];
      }
    }
    throw new CacheError(
      'CACHE_CLOCK_UNAVAILABLE',
      'the Redis process behind the tag clock changed with every attempt',
    );
  }

  private async incarnationOfHead(): Promise<Incarnation> {
    const [head] = await this.link.send<string[]>(this.key, ['ZRANGE', this.key, '0', '0']);
    return named(incarnationOf(head) ?? newName());
  }
}

function argv(operation: ClockOperation, replaced: string, args: readonly string[]): string[] {
  return [operation, `${randomUUID()}:${randomUUID()}`, replaced, ...args];
}

function named(name: string): Incarnation {
  return { name, script: clockScript(name) };
}

function newName(): string {
  return randomUUID().replaceAll('-', '');
}
