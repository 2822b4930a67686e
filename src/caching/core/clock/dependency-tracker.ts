import { AsyncScope } from '../async/async-scope';
import type { Time } from '../async/time';
import type { Instant, TagClock } from './tag-clock';

/** What a value was built from. */
export interface Dependency extends Instant {
  readonly tags: Iterable<string>;
  /** `Time.mono()` up to which this is known to be right, whatever the clock says later (Law 6). */
  readonly verifiedAt: number;
  /** Wall clock in ms: end of its TTL. */
  readonly expiresAt: number;
  /** Wall clock in ms when the oldest part that grace served was created; undefined: none came from grace. */
  readonly staleSince?: number;
}

/** What loads inside a load have to know about it. */
export interface LoadFacts {
  /** The value was found nowhere, not even stale. @default false */
  readonly isNew?: boolean;
  /** No other node loads the value meanwhile: this one holds the fill lock, or has waited for it long enough. @default false */
  readonly isLocked?: boolean;
}

/** Parts of different epochs met: no one instant describes the whole, and one of no epoch is fresh nowhere. */
const MIXED = 'mixed';

/**
 * Gathers, while a function runs, what its result depends on (Law 2): the union of the tags and the smallest of the
 * ticks, beginning with the instant before the function was called (Law 1). The smallest `verifiedAt` as well, or a
 * value built from a micro-cached one would be trusted for another maxLag; and the earliest expiry, or a page would
 * outlive the exchange rate in it.
 */
export class DependencyTracker {
  private readonly scope = new AsyncScope<DependencySet>();

  constructor(
    private readonly clock: TagClock,
    private readonly time: Time,
  ) {}

  /**
   * Runs `work` in a scope of its own; what it gathered also goes to the enclosing scope, even if it throws.
   */
  async run<T>(work: () => Promise<T>, facts: LoadFacts = {}): Promise<{ value: T; gathered: DependencySet }> {
    // Law 1: the instant is taken before the source is read.
    const gathered = new DependencySet(this.clock.instant(), this.time.mono(), this.current(), facts);
    try {
      const value = await this.scope.run(gathered, work);
      return { value, gathered };
    } finally {
      this.record(gathered);
    }
  }

  /**
   * Runs `work`, which is no load, and gathers what it read all the same. What it reads behaves as outside any load.
   */
  async watch<T>(work: () => Promise<T>): Promise<{ value: T; gathered: DependencySet }> {
    const gathered = new DependencySet(this.clock.instant(), this.time.mono());
    gathered.isWatch = true;
    return { value: await this.scope.run(gathered, work), gathered };
  }

  /** Records in the current scope, if there is one, that its result depends on `part`. */
  record(part: Dependency): void {
    this.scope.current()?.add(part);
  }

  /** Records in the current scope, if there is one, that what the scope reads itself has these tags. */
  addTags(tags: Iterable<string>): void {
    const gathering = this.scope.current();
    if (gathering) for (const tag of this.clock.dependencyTexts(tags)) gathering.tags.add(tag);
  }

  /**
   * The current scope reads inside an open transaction: what it returns may never be committed. So are the scopes around it,
   * up to the one that began the transaction. @param begunIn that scope; undefined: the transaction is older than all of them
   */
  markUncommitted(begunIn: DependencySet | undefined): void {
    for (let scope = this.current(); scope && scope !== begunIn; scope = scope.around) scope.isUncommitted = true;
  }

  /** Whether anything gathers what is read: a load, or `watch`. */
  isRecording(): boolean {
    return this.scope.current() !== undefined;
  }

  /** `DependencySet.staleSince` of what was gathered so far, by a load or by `watch`. */
  staleSince(): number | undefined {
    return this.scope.current()?.staleSince;
  }

  /** The state of the source that all of it is at least of. Undefined: nothing gathers. */
  oldest(): Pick<Instant, 'epoch' | 'tick'> | undefined {
    return this.scope.current();
  }

  /** The current scope: what has been gathered so far. */
  current(): DependencySet | undefined {
    const scope = this.scope.current();
    return scope?.isWatch ? undefined : scope;
  }
}

export class DependencySet implements Dependency {
  readonly tags = new Set<string>();
  epoch: string;
  tick: number;
  localTick: number;
  expiresAt = Infinity;
  staleSince: number | undefined;
  /** It belongs to no load: see `watch`. */
  isWatch = false;
  /** It was read inside a transaction that is open around the load: it must not be stored. */
  isUncommitted = false;
  readonly isNew: boolean;
  /** As of `LoadFacts`, of this load or of one around it. */
  readonly isLocked: boolean;

  /** @param around the scope that this one was opened in */
  constructor(
    start: Instant,
    public verifiedAt: number,
    readonly around?: DependencySet,
    { isNew = false, isLocked = false }: LoadFacts = {},
  ) {
    this.isNew = isNew;
    this.isLocked = isLocked || (around?.isLocked ?? false);
    this.epoch = start.epoch;
    this.tick = start.tick;
    this.localTick = start.localTick;
  }

  /** Law 2: smallest tick, all tags. */
  add(part: Dependency): void {
    if (part.epoch !== this.epoch) this.epoch = MIXED;
    this.tick = Math.min(this.tick, part.tick);
    this.localTick = Math.min(this.localTick, part.localTick);
    this.verifiedAt = Math.min(this.verifiedAt, part.verifiedAt);
    this.expiresAt = Math.min(this.expiresAt, part.expiresAt);
    if (part.staleSince !== undefined) this.staleSince = Math.min(this.staleSince ?? Infinity, part.staleSince);
    for (const tag of part.tags) this.tags.add(tag);
  }
}
