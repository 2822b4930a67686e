import { Logger } from '@nestjs/common';
import { Heartbeat } from '../../core/async/heartbeat';
import type { SourceLedger } from '../../core/clock/source-ledger';
import type { CacheStack } from '../../core/cache-stack';
import { BacklogAlert } from '../backlog-alert';
import type { Drainer } from './drainer';
import type { OutboxStart } from './outbox';
import { outboxErrorOf } from './refusals';
import { checkSql, judgeCheck, type WatchState } from './watch-check';

/** Polls of the outbox within the lifetime of one proof: one may come late and another find the database busy. */
const POLLS_PER_LIFETIME = 4;
const SHORTEST = 50;
const LONGEST = 500;

/** What the poller knows of the session that drains. */
export interface SessionFacts {
  readonly database: string;
  /** What the session found when it began; undefined once it was attested. */
  start?: OutboxStart;
}

/**
 * Proves, again and again, that every write is known (Law 6): it drains what no writer did (other programs' writes that
 * sent no `NOTIFY`, those of writers that died), checks triggers and database in the same round trip, and queries the clock.
 */
export class OutboxPoller {
  private readonly backlog = new BacklogAlert(new Logger('Outbox'), {
    late: 'writes are not being evicted: the outbox cannot be drained',
    over: 'the outbox is drained again',
  });
  private readonly heartbeat: Heartbeat;
  private readonly sql: string;
  private waiting = 0;

  constructor(
    private readonly drainer: Drainer,
    private readonly stack: Pick<CacheStack, 'events' | 'time' | 'trust'>,
    private readonly ledger: SourceLedger,
    private readonly session: () => SessionFacts | undefined,
    /** Throws when an epoch is not of the clock that was joined. */
    private readonly confirm: (epoch: string) => void,
    private readonly resetSession: () => void,
    private readonly tables: readonly string[],
  ) {
    const every = Math.min(Math.max(stack.trust.lifetime / POLLS_PER_LIFETIME, SHORTEST), LONGEST);
    this.heartbeat = new Heartbeat(() => this.poll(), every);
    this.sql = checkSql(tables);
  }

  start(): void {
    this.heartbeat.start();
  }

  stop(): void {
    this.heartbeat.stop();
  }

  /** One complete proof. @throws whatever prevents it */
  async prove(): Promise<void> {
    const { time, trust } = this.stack;
    const from = time.mono();
    const state = judgeCheck(await this.drainer.drainAndCheck(this.sql));
    if (await this.attest(state)) {
      // Records may wait under ids that this session has passed: the next one begins at the first record.
      this.resetSession();
      return this.prove();
    }
    await trust.prove(from, this.confirm);
  }

  /** @returns whether the outbox is another one than at the last poll */
  private async attest({ outbox, identity, lastId }: WatchState): Promise<boolean> {
    const session = this.session();
    // An embedded database is opened by no other process, and its folder is what it was.
    if (!session) return false;
    const { database, start } = session;
    const isOther = await this.ledger.attest({
      source: `${database}, outbox ${outbox}`,
      watch: this.tables.join(),
      identity,
      lastId,
      start,
    });
    if (session.start === start) session.start = undefined;
    return isOther;
  }

  private async poll(): Promise<void> {
    const error = await this.prove().then(
      () => undefined,
      (reason: unknown) => outboxErrorOf(reason) ?? new Error('unknown'),
    );
    if (error !== undefined) this.stack.trust.doubt(error);
    const { oldestMs } = this.drainer;
    this.waiting = oldestMs === 0 ? 0 : await this.drainer.waiting().catch(() => this.waiting);
    this.stack.events.emit('outbox', oldestMs, this.waiting);
    this.backlog.report(oldestMs, { err: error });
  }
}
