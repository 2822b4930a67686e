import type { PGlite } from '@electric-sql/pglite';

/** What is used of PGlite. */
export type Engine = Pick<PGlite, 'runExclusive' | 'execProtocolRawStream' | 'isInTransaction' | 'exec'>;

/** Messages of one connection that PGlite processes together. */
export interface Batch {
  readonly bytes: Buffer;
  /** False after a Flush: the connection has more to send before its Sync, and no other may come between. */
  readonly isWhole: boolean;
}

interface Turn {
  readonly owner: object;
  readonly isWhole: boolean;
  readonly run: () => Promise<unknown>;
}

const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);

/**
 * PGlite has one session for all connections, so these take turns: a turn is a query, or all messages up to a Sync. Within a
 * transaction the turns are those of the connection that began it.
 */
export class Session {
  private readonly waiting: Turn[] = [];
  private last?: Turn;
  private running?: Promise<void>;
  private hasEnded = false;

  constructor(private readonly db: Engine) {}

  /** @param reply gets what PGlite replies, piece by piece @throws what PGlite throws */
  execute(owner: object, { bytes, isWhole }: Batch, reply: (bytes: Uint8Array) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.enqueue({ owner, isWhole, run: () => this.send(bytes, reply).then(resolve, reject) });
    });
  }

  /** The connection is closed: what waits of it is dropped, and its transaction is rolled back. */
  leave(owner: object): void {
    const others = this.waiting.filter((turn) => turn.owner !== owner);
    this.waiting.splice(0, Infinity, ...others);
    const { last } = this;
    if (last?.owner === owner) this.enqueue({ owner, isWhole: true, run: () => this.rollBack(last.isWhole) });
  }

  /** Resolves when PGlite has no work left, and gives it none from then on. */
  async end(): Promise<void> {
    while (this.running) await this.running;
    this.hasEnded = true;
  }

  private enqueue(turn: Turn): void {
    if (this.hasEnded) return;
    this.waiting.push(turn);
    this.running ??= this.takeTurns().finally(() => (this.running = undefined));
  }

  private async takeTurns(): Promise<void> {
    for (let turn = this.next(); turn; turn = this.next()) {
      this.last = turn;
      await turn.run().catch(() => undefined);
    }
  }

  private next(): Turn | undefined {
    const isHeld = this.last?.isWhole === false || this.db.isInTransaction();
    const index = isHeld ? this.waiting.findIndex(({ owner }) => owner === this.last?.owner) : 0;
    return index < 0 ? undefined : this.waiting.splice(index, 1)[0];
  }

  private send(bytes: Buffer, reply: (bytes: Uint8Array) => void): Promise<void> {
    const { db } = this;
    return db.runExclusive(() => db.execProtocolRawStream(new Uint8Array(bytes), { onRawData: reply }));
  }

  private async rollBack(wasWhole: boolean): Promise<void> {
    if (!wasWhole) await this.send(SYNC, () => undefined);
    if (this.db.isInTransaction()) await this.db.exec('ROLLBACK');
  }
}
