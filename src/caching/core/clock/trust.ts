import { CacheError } from '../../caching.errors';
import type { CacheEventBus } from '../../caching.events';
import type { Time } from '../async/time';
import type { TagClock } from './tag-clock';

export interface TrustOptions {
  /** `bounded`: an L1 hit is at most `maxLag` behind. `strict`: every hit queries the clock first. */
  readonly consistency: 'bounded' | 'strict';
  /** Milliseconds: the longest an L1 entry is served without a proof. */
  readonly maxLag: number;
}

/** Milliseconds. In strict mode a write that nothing could stamp is acknowledged only after as long, so it is kept short. */
const STRICT_MAX = 1_000;

/** How long a complete proof holds, in milliseconds. */
export function proofLifetime({ consistency, maxLag }: TrustOptions): number {
  return consistency === 'strict' ? Math.min(maxLag, STRICT_MAX) : maxLag;
}

/**
 * Law 6: the right to serve cached values without a query to the source. It lasts as long as the last complete proof is young.
 *
 * A proof is complete when the outbox was read and is drained, its triggers are in place, the database is the cache's own, and
 * **after that** the clock was queried, so that this node knows what other nodes stamped. It counts from the moment at which it
 * began. A node without an outbox has only the clock's word.
 *
 * In strict mode the same lifetime bounds writers: one whose records no node could stamp is acknowledged no sooner than one
 * lifetime after its commit. By then every proof that was begun before the commit has ended, on every node.
 */
export class Trust {
  readonly lifetime: number;
  /** `Time.mono()` at which the last complete proof began. Infinity: only the clock is queried. */
  private provenFrom = Infinity;
  private failure: unknown;
  /** `Time.mono()`: a proof that began earlier misses something. */
  private revokedAt = -Infinity;
  private wasTold = true;
  /** `Time.mono()` at which it last held. */
  private since: number;

  constructor(
    private readonly clock: TagClock,
    private readonly time: Time,
    private readonly events: CacheEventBus,
    options: TrustOptions,
  ) {
    this.lifetime = proofLifetime(options);
    this.since = time.mono();
    // Whose epoch it is has to be confirmed first: Redis may be another server now.
    events.on('epoch', () => {
      if (this.provenFrom !== Infinity) this.provenFrom = -Infinity;
    });
  }

  /** `Time.mono()` of the last query that the clock replied to. */
  get clockSyncAt(): number {
    return this.clock.lastSyncAt;
  }

  /** Whether the clock responds, whatever else the proof lacks. */
  get isClockLive(): boolean {
    return this.time.mono() - this.clock.lastSyncAt < this.lifetime;
  }

  /** `Time.mono()` up to which this node is known to have learned of every write. */
  get provedAt(): number {
    return Math.min(this.clock.lastSyncAt, this.provenFrom);
  }

  get holds(): boolean {
    return this.time.mono() - this.provedAt < this.lifetime;
  }

  /** Whether everything but the clock is proved: only its query is left. */
  get lacksClockOnly(): boolean {
    return this.time.mono() - this.provenFrom < this.lifetime;
  }

  /** Why there is no proof; undefined while there is one. */
  get cause(): unknown {
    if (this.holds) return undefined;
    if (!this.isClockLive)
      return this.failure ?? new CacheError('CACHE_CLOCK_UNAVAILABLE', 'the tag clock does not respond');
    return this.failure ?? new CacheError('CACHE_OUTBOX_UNUSABLE', 'there is no proof that the outbox is drained');
  }

  /** From now on the clock's word alone is not enough. */
  requireProof(): void {
    if (this.provenFrom === Infinity) this.provenFrom = -Infinity;
  }

  /**
   * Completes a proof: all else was found right, so the clock is queried last.
   * @param from `Time.mono()` at which the proof began
   * @param confirm throws when the epoch is not of the clock that all nodes share
   * @throws what the clock and `confirm` throw
   */
  async prove(from: number, confirm: (epoch: string) => void): Promise<void> {
    const { epoch } = await this.clock.now();
    confirm(epoch);
    if (from < this.revokedAt || epoch !== this.clock.instant().epoch) return;
    this.provenFrom = from;
    this.failure = undefined;
    this.report();
  }

  /** A proof failed. Trust lasts as long as the last one that did not. */
  doubt(cause: unknown): void {
    this.failure = cause;
    this.report();
  }

  /** Something is known to be missing: trust ends now. */
  revoke(cause: unknown): void {
    this.provenFrom = -Infinity;
    this.revokedAt = this.time.mono();
    this.doubt(cause);
  }

  /** Publishes that trust ended, or that it is back, once. A node that starts is given one lifetime for its first proof. */
  report(): void {
    const { holds } = this;
    const now = this.time.mono();
    if (holds) this.since = now;
    if (holds === this.wasTold || (!holds && now - this.since < this.lifetime)) return;
    this.wasTold = holds;
    this.events.emit('trust', holds ? 'proved' : 'unproved', this.cause);
  }
}
