import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy, ServiceUnavailableException } from '@nestjs/common';
import { Overview } from './overview';
import type { ServerSentEvent } from './streams';

/** Streams at once: each is an open socket and a snapshot a second. */
const MAX_STREAMS = 16;
/** Milliseconds between two snapshots. */
const PERIOD = 1_000;

/** Why a stream has ended by itself. After `shutdown` a client may come back, to whoever is there then. */
export type EndReason = 'done' | 'expired' | 'shutdown';

/** A snapshot a second, for everybody who watches. */
@Injectable()
export class LiveFeed implements OnModuleDestroy {
  private readonly closing = new AbortController();
  private watching = 0;

  constructor(@Inject(Overview) private readonly overview: Overview) {}

  /** Before the server waits for what is in flight, as a stream would be in flight for ever. */
  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** @throws ServiceUnavailableException when too many watch */
  enter(): void {
    if (this.watching >= MAX_STREAMS)
      throw new ServiceUnavailableException('Too many are watching. Please try again later.');
    this.watching += 1;
  }

  leave(): void {
    this.watching -= 1;
  }

  /** @param ends when and why, the sooner first @param gone aborted when nobody listens any more */
  async *events(ends: readonly { at: number; why: EndReason }[], gone: AbortSignal): AsyncGenerator<ServerSentEvent> {
    const interrupted = AbortSignal.any([gone, this.closing.signal]);
    const history = this.overview.history();
    yield { event: 'history', data: history };
    let told = history.at(-1)?.at;
    for (;;) {
      const point = this.overview.latest();
      if (point && point.at !== told) yield { event: 'point', data: point };
      told = point?.at;
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
