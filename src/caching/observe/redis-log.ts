import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CacheEventBus } from '../caching.events';

/** Milliseconds between two lines about the same fault. */
const REMINDER = 30_000;

/** Logs each fault of Redis with its cause, and once that Redis is connected again. Meanwhile the cache works without Redis. */
@Injectable()
export class RedisLog implements OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private readonly unsubscribers: (() => void)[];
  private readonly loggedAt = new Map<string, number>();
  private isDown = false;

  constructor(@Inject(CacheEventBus) events: CacheEventBus) {
    this.unsubscribers = [
      events.on('redis', (state, cause) => (state === 'up' ? this.up() : this.faulty(state, cause))),
      events.on('foreign', (what, name) =>
        this.seldom(what, `ignored a foreign or damaged ${what} in Redis: ${JSON.stringify(name)}`),
      ),
    ];
  }

  onApplicationShutdown(): void {
    for (const unsubscribe of this.unsubscribers) unsubscribe();
  }

  private up(): void {
    if (this.isDown) this.logger.log('connected again');
    this.isDown = false;
  }

  private faulty(state: 'down' | 'broken' | 'refused', cause: unknown): void {
    this.isDown ||= state !== 'refused';
    this.seldom(state, cause instanceof Error ? cause.message : String(cause));
  }

  private seldom(kind: string, line: string): void {
    const now = performance.now();
    if (now - (this.loggedAt.get(kind) ?? -Infinity) < REMINDER) return;
    this.loggedAt.set(kind, now);
    this.logger.warn(line);
  }
}
