import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { CacheStack } from '../../src/caching';
import { eventually } from './eventually';
import { loader, text } from './stacks';

const KEYS = 20;

interface Write {
  readonly version: number;
  readonly at: number;
}

/** Readers and writers at full speed over a source in memory; every read is compared with the acknowledged writes. */
export class Traffic {
  reads = 0;
  writes = 0;
  /** For every read that was behind: by how many ms the write it missed had been acknowledged when it began. */
  readonly staleness: number[] = [];
  private readonly source = Array.from({ length: KEYS }, () => 0);
  private readonly acknowledged = Array.from({ length: KEYS }, (): Write[] => [{ version: 0, at: 0 }]);
  private done = false;

  constructor(private readonly nodes: readonly CacheStack[]) {}

  /** @param least milliseconds that it goes on for, however soon the reads are done */
  async run(reads: number, readers: number, least = 0): Promise<void> {
    const until = performance.now() + least;
    const isOver = (): boolean => this.reads >= reads && performance.now() >= until;
    const writing = Promise.all(this.nodes.map((stack) => this.write(stack)));
    await Promise.all(Array.from({ length: readers }, (_, i) => this.read(this.nodes[i % this.nodes.length]!, isOver)));
    this.done = true;
    await writing;
  }

  percentile(share: number): number {
    const fresh = Array.from({ length: this.reads - this.staleness.length }, () => 0);
    const sorted = [...fresh, ...this.staleness].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  }

  private async read(stack: CacheStack, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const key = this.reads++ % KEYS;
      const began = performance.now();
      const due = this.acknowledged[key]!.length;
      const result = await stack.store.getOrLoad(
        `k${key}`,
        { tags: [`k${key}`] },
        loader(() => this.load(key)),
      );
      const missed = this.acknowledged[key]!.slice(0, due).find((write) => write.version > Number(text(result)));
      if (missed) this.staleness.push(began - missed.at);
      if (this.reads % 50 === 0) await turn();
    }
  }

  private async load(key: number): Promise<string> {
    const version = this.source[key]!;
    await turn();
    return `${version}`;
  }

  private async write(stack: CacheStack): Promise<void> {
    while (!this.done) {
      const key = this.writes++ % KEYS;
      const version = (this.source[key]! += 1);
      // As the outbox does: what was not acknowledged is stamped again.
      await eventually(() => stack.store.invalidate([`k${key}`]));
      this.acknowledged[key]!.push({ version, at: performance.now() });
      await sleep(2);
    }
  }
}
