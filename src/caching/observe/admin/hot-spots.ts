import type { CacheStack } from '../../core/cache-stack';
import { publicTags } from '../../core/store/entry';
import { type Counted, SpaceSaving } from './space-saving';

/** Names with a counter. */
const KEYS = 128;
const TAGS = 128;
/** Milliseconds after which counts are halved, so "top" means recently. */
const FADE = 60_000;

export interface HotTag {
  readonly name: string;
  /** Reads of the hottest entries with this tag. */
  readonly reads: number;
  /** Stamps. */
  readonly evictions: number;
}

/** The most read keys and the most stamped tags of the last minutes. Fed by events; the core does not depend on it. */
export class HotSpots {
  private readonly keys = new SpaceSaving(KEYS);
  private readonly stamped = new SpaceSaving(TAGS);
  private readonly endings: (() => void)[];

  constructor(private readonly stack: CacheStack) {
    const { events } = stack;
    const read = (key: string): void => this.keys.add(key);
    this.endings = [
      events.on('hit', read),
      events.on('stale', read),
      events.on('grace', read),
      events.on('miss', read),
      events.on('collapsed', read),
      events.on('stamped', (tags) => publicTags(tags).forEach((tag) => this.stamped.add(tag))),
    ];
    const fading = setInterval(() => this.fade(), FADE).unref();
    this.endings.push(() => clearInterval(fading));
  }

  topKeys(most: number): Counted[] {
    return this.keys.top(most);
  }

  /**
   * Most stamped first, then most read. Counting reads by tag would cost every hit O(tags), so the reads shown are
   * those of the hottest entries in this process.
   */
  topTags(most: number): HotTag[] {
    const reads = new Map<string, number>();
    for (const { name, count } of this.keys.top()) {
      const tags = publicTags(this.stack.l1.peek(name)?.tags ?? []);
      for (const tag of tags) reads.set(tag, (reads.get(tag) ?? 0) + count);
    }
    const names = new Set([...this.stamped.top().map(({ name }) => name), ...reads.keys()]);
    return [...names]
      .map((name) => ({ name, reads: reads.get(name) ?? 0, evictions: this.stamped.count(name) }))
      .sort((a, b) => b.evictions - a.evictions || b.reads - a.reads)
      .slice(0, most);
  }

  close(): void {
    for (const end of this.endings) end();
  }

  private fade(): void {
    this.keys.fade();
    this.stamped.fade();
  }
}
