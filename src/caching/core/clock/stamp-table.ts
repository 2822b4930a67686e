/**
 * Which tag was stamped when, for the newest `limit` tags; stamps below `floor` are forgotten.
 * The Map is kept in the order of stamping, so the oldest are at its front and forgetting is O(1) each.
 */
export class StampTable {
  tick = 0;
  floor = 0;
  private readonly stamps = new Map<string, number>();
  /** The latest stamp of any tag of a kind, `product:*`: for responses with too many tags to list. */
  private readonly kinds = new Map<string, number>();

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.stamps.size;
  }

  /** Stamps `tags` with the next tick. Past the limit the oldest are forgotten and the floor rises over them. */
  stamp(tags: readonly string[]): number {
    this.tick += 1;
    this.record(tags, this.tick);
    for (const [tag, tick] of this.stamps) {
      if (this.stamps.size <= this.limit) break;
      this.stamps.delete(tag);
      this.floor = Math.max(this.floor, tick);
    }
    forgetUpTo(this.kinds, this.floor);
    return this.tick;
  }

  /** Notes stamps made elsewhere, in any order; does not move `tick`. Returns whether anything was new. */
  record(tags: readonly string[], tick: number): boolean {
    let learned = false;
    if (tick <= this.floor) return learned;
    for (const tag of tags) {
      if ((this.stamps.get(tag) ?? 0) >= tick) continue;
      this.stamps.delete(tag);
      this.stamps.set(tag, tick);
      const kind = kindOf(tag);
      const last = Math.max(this.kinds.get(kind) ?? 0, tick);
      this.kinds.delete(kind);
      this.kinds.set(kind, last);
      learned = true;
    }
    return learned;
  }

  /** Forgets what was stamped at or below `floor`. Returns whether the floor rose. */
  raiseFloor(floor: number): boolean {
    if (floor <= this.floor) return false;
    this.floor = floor;
    forgetUpTo(this.stamps, floor);
    // What the floor says of every tag it says of every kind: so there are never more kinds than tags.
    forgetUpTo(this.kinds, floor);
    return true;
  }

  /** The first of `tags` stamped after `tick`. */
  stampedAfter(tick: number, tags: readonly string[]): string | undefined {
    if (this.stamps.size === 0) return undefined;
    for (const tag of tags) {
      const stamp = this.stamps.get(tag);
      if (stamp !== undefined && stamp > tick) return tag;
    }
    return undefined;
  }

  /** The latest stamp of any of `tags`, or kinds of them (`product:*`); at least the floor, below which stamps are forgotten. */
  lastStamp(tags: readonly string[]): number {
    return tags.reduce((last, tag) => Math.max(last, this.stamps.get(tag) ?? 0, this.kinds.get(tag) ?? 0), this.floor);
  }

  /** Every tag of which a stamp is remembered. */
  tags(): string[] {
    return [...this.stamps.keys()];
  }

  /** Forgets those of the stamps of `tags`, and of their kinds, that are not later than `upTo`. Ticks continue. */
  forget(tags: readonly string[], upTo: number): void {
    for (const tag of tags) {
      forgetOne(this.stamps, tag, upTo);
      forgetOne(this.kinds, kindOf(tag), upTo);
    }
  }

  /** What was forgotten below `upTo` is of no account any more. */
  lowerFloor(upTo: number): void {
    if (this.floor <= upTo) this.floor = 0;
  }
}

/** Tags of one kind have the same text before their first colon. */
function kindOf(tag: string): string {
  return `${tag.split(':', 1)[0]}:*`;
}

function forgetOne(stamps: Map<string, number>, name: string, upTo: number): void {
  if ((stamps.get(name) ?? Infinity) <= upTo) stamps.delete(name);
}

/** Oldest first, so it ends at the first that is kept. */
function forgetUpTo(stamps: Map<string, number>, floor: number): void {
  for (const [name, tick] of stamps) {
    if (tick > floor) break;
    stamps.delete(name);
  }
}
