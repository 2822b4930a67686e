import type { TagClock } from './tag-clock';

/** What a node found out about the database that it caches. */
export interface SourceClaim {
  /** Which database and outbox, in words: two live ones never share a clock. */
  readonly source: string;
  /** The tables that this program watches; another program or release on the same database may watch others. */
  readonly watch: string;
  /** What of them must stay as it is for no write to go unseen: their triggers. */
  readonly identity: string;
  /** The last id that the outbox gave out; null: not known. */
  readonly lastId: string | null;
  /** In the first claim of a session: what was there when it began. */
  readonly start?: { readonly lastId: string | null; readonly waiting: number };
}

/** Called, and awaited, when a new epoch began because the database's data are others than before. Must not reject. */
export type DataChangeListener = () => Promise<void>;

/** Law 8: whether the cache still belongs to the database it was filled from, and to the clock that its writes were stamped on. */
export interface SourceLedger {
  /**
   * Called when no node uses `clock` and this one is about to, and no node uses another. Begins a new epoch unless `clock` is the one
   * that was used last: nodes that could not join it yet have cached values there, whose stamps went to the other.
   * @param hasMissed another clock was in use since this process cached its first value
   * @throws what the clock throws
   */
  enter(clock: string, hasMissed: boolean): Promise<void>;
  /**
   * Begins a new epoch when the database is another one than before, or when records came and went that this clock never saw.
   * @returns whether it did, or another node did: then the outbox is not what it was, and its records have other ids
   * @throws CacheError `CACHE_SOURCE_CONFLICT`: live processes use another database under this prefix; what the clock throws
   */
  attest(claim: SourceClaim): Promise<boolean>;
  /** Not called for a new epoch that only follows from a loss in Redis. */
  onDataChange(listener: DataChangeListener): void;
  /** Whether no other live node used this cache when this one last attested. False where that is not known, or not known any more. */
  isAlone(): boolean;
  /** This process uses the database no more. Never rejects. */
  leave(): Promise<void>;
}

/** The ledger of a process that is its own clock. */
export class OwnSourceLedger implements SourceLedger {
  private known?: { readonly fingerprint: string; readonly lastId: string | null };
  private notify: DataChangeListener = () => Promise.resolve();

  constructor(private readonly clock: TagClock) {}

  async enter(_clock: string, hasMissed: boolean): Promise<void> {
    if (hasMissed) await this.clock.renew();
  }

  async attest(claim: SourceClaim): Promise<boolean> {
    const { known } = this;
    const fingerprint = fingerprintOf(claim);
    const isOther = known !== undefined && (known.fingerprint !== fingerprint || wentBack(known.lastId, claim.lastId));
    if (isOther || (known && claim.start && isAmiss(known.lastId, claim.start))) await this.clock.renew();
    if (isOther) await this.notify();
    this.known = { fingerprint, lastId: claim.lastId };
    return isOther;
  }

  onDataChange(listener: DataChangeListener): void {
    this.notify = listener;
  }

  isAlone(): boolean {
    return true;
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }
}

/** On the same outbox ids never go back. */
export function wentBack(from: string | null, to: string | null): boolean {
  return from !== null && to !== null && BigInt(to) < BigInt(from);
}

/** Whether records came and went, or were undone, since `lastId` was the last: then their stamps may be missing here. */
export function isAmiss(lastId: string | null, start: NonNullable<SourceClaim['start']>): boolean {
  if (lastId === null || start.lastId === null) return true;
  const given = BigInt(start.lastId) - BigInt(lastId);
  return given < 0n || given > BigInt(start.waiting);
}

export function fingerprintOf({ source, identity }: SourceClaim): string {
  return `${source} ${identity}`;
}
