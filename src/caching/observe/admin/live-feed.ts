import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy, ServiceUnavailableException } from '@nestjs/common';
import { Overview } from './overview';
import type { ServerSentEvent } from './streams';

/** Concurrent streams at most: each costs a socket and one snapshot a second. */
const MAX_STREAMS = 16;
/** Milliseconds between two snapshots. */
const PERIOD = 1_000;

/** Why the server ended a stream. After `shutdown` a client may reconnect to another node. */
export type EndReason = 'done' | 'expired' | 'shutdown';

/** One snapshot a second, shared by all open streams. */
@Injectable()
export class LiveFeed implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private watching = 0;

  constructor(@Inject(Overview) private readonly overview: Overview) {}

  /** Ends all streams before the server waits for requests in flight, because a stream would never finish. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** @throws ServiceUnavailableException when too many streams are open */
  enter(): void {
    if (this.watching >= MAX_STREAMS)
      throw new ServiceUnavailableException('Too many live streams are open. Please try again later.');
    this.watching += 1;
  }

  leave(): void {
    this.watching -= 1;
  }

  /** @param ends when and why the stream ends, earliest first @param gone aborted when the client has disconnected */
  async *events(ends: readonly { at: number; why: EndReason }[], gone: AbortSignal): AsyncGenerator<ServerSentEvent> {
    const interrupted = AbortSignal.any([gone, this.closing.signal]);
    const history = this.overview.history();
    yield { event: 'history', data: history };
    let last = history.at(-1)?.at;
    for (;;) {
      const point = this.overview.latest();
      if (point && point.at !== last) yield { event: 'point', data: point };
      last = point?.at;
      yield { event: 'snapshot', data: this.overview.snapshot() };
      const left = Math.min(PERIOD, ...ends.map(({ at }) => at - Date.now()));
      await pause(Math.max(0, left), undefined, { signal: interrupted }).catch(() => undefined);
      if (gone.aborted) return;
      const over = this.closing.signal.aborted ? 'shutdown' : ends.find(({ at }) => at <= Date.now())?.why;
      if (over === undefined) continue;
      yield { event: 'end', data: { why: over } };
      return;
    }
  }
}
