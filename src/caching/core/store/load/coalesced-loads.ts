import type { CacheEntry, CacheResult, Loader } from '../entry';
import type { MissHandler } from './miss-handler';
import { type L2Lookup, L2_SKIPPED } from '../tiers/l2';
import type { ReadSnapshot } from '../freshness';
import type { ResolvedPolicy } from '../policy';
import { type Flight, settled, mayShareResult, SingleFlight } from './single-flight';
import type { StoreParts } from '../store-parts';

/** The loads of this process: one of a key at a time, shared by those who may share it (Law 5). */
export class CoalescedLoads {
  private readonly flights = new SingleFlight();

  constructor(
    private readonly parts: StoreParts,
    private readonly misses: MissHandler,
  ) {}

  isRunning(key: string): boolean {
    return this.flights.get(key) !== undefined;
  }

  /**
   * The load of `key` that is running, if it is good enough for who comes now, or one that begins now.
   * @param seen what L2 has just said @throws what the load throws
   */
  async join(
    key: string,
    policy: ResolvedPolicy,
    load: Loader,
    arrival: ReadSnapshot,
    seen?: L2Lookup,
  ): Promise<CacheResult> {
    const running = this.flights.get(key);
    if (!running) return this.startLoad(key, policy, load, seen).result;
    const landed = await settled(running);
    const accepts = this.parts.mayShareResult ?? mayShareResult;
    const ownOnly = 'result' in landed && !landed.result.stored;
    if (!ownOnly && accepts(landed, running, arrival, this.parts.freshness)) {
      if ('error' in landed) throw landed.error;
      return this.collapsed(landed.result);
    }
    // What began after this reader came is no older than what it knew.
    const second = this.flights.get(key);
    // Strict, and the clock did not answer: L2 would only ask it again.
    const unasked = this.parts.freshness.strict && !arrival.confirmed ? L2_SKIPPED : undefined;
    const result = await (second ?? this.startLoad(key, policy, load, unasked)).result;
    if (!second) return result;
    // A result that may not be stored may not be shared either: it may be somebody's own.
    return result.stored ? this.collapsed(result) : this.misses.load(key, policy, load);
  }

  /** Loads behind an answer that is still good enough, unless somebody does so or the source is left alone. */
  refresh(entry: CacheEntry, arrival: ReadSnapshot, policy: ResolvedPolicy, load: Loader): void {
    if (this.isRunning(entry.key) || this.parts.freshness.mayRest(entry, arrival)) return;
    const { result } = this.startLoad(entry.key, policy, load);
    this.misses.background.track(result.catch(() => undefined));
  }

  private startLoad(key: string, policy: ResolvedPolicy, load: Loader, seen?: L2Lookup): Flight {
    return this.flights.begin(key, this.parts.freshness.snapshot(), () => this.misses.fill(key, policy, load, seen));
  }

  private collapsed(result: CacheResult): CacheResult {
    this.parts.events.emit('collapsed', result.entry.key);
    return { ...result, collapsed: true };
  }
}
