import type { ClientBase } from 'pg';
import type { EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { AfterQueryEvent, BeforeQueryEvent } from 'typeorm/subscriber/event/QueryEvent';
import { ownRecords } from './outbox';
import type { TagRules } from '../capture/tag-rules';
import { WRITER_DRAINS } from '../capture/outbox-table';
import type { WriteScope } from './write-scope';
import type { WriterWait } from './writer-wait';

/** Statements that may change rows. Too many match (`FOR UPDATE`): their drain finds nothing. The poll finds a function that writes. */
const MAY_WRITE = /\b(insert|update|delete|merge|truncate|copy|call|do|execute|prepared)\b/i;
const COMMITS = /^\s*(commit|end)\b/i;
const ROLLS_BACK = /^\s*(rollback|abort)\b/i;

/**
 * Makes every statement that goes through TypeORM wait for its eviction: save and update, builders, `clear()`, raw SQL.
 * TypeORM awaits `afterQuery` of each of them, COMMIT and SAVEPOINT included, and each reply of the server says
 * whether a transaction is open. So there is one rule: something was written, and no transaction is open.
 * Savepoints, nesting and hand-written BEGIN need no rules of their own. State belongs to a query runner, that is to one
 * connection, so parallel transactions cannot mix.
 */
export class EvictionSubscriber implements EntitySubscriberInterface {
  private readonly wrote = new WeakSet<QueryRunner>();
  private readonly announced = new WeakSet<ClientBase>();

  constructor(
    private readonly wait: WriterWait,
    private readonly rules: TagRules,
    private readonly scope: WriteScope,
    private readonly options: {
      /** The writers' sessions are their own, so a setting stays with them. */
      readonly announces: boolean;
      /** Responses name what their transactions invalidated, which costs each of those a round trip before its commit. */
      readonly namesGroups: boolean;
    },
  ) {}

  beforeQuery({ query, queryRunner }: BeforeQueryEvent): Promise<void> | undefined {
    if (MAY_WRITE.test(query)) return this.options.announces ? this.announce(queryRunner) : undefined;
    if (this.options.namesGroups && COMMITS.test(query) && this.wrote.has(queryRunner)) return this.note(queryRunner);
    return undefined;
  }

  afterQuery({ query, queryRunner }: AfterQueryEvent): Promise<void> | undefined {
    if (MAY_WRITE.test(query)) this.wrote.add(queryRunner);
    return this.wrote.has(queryRunner) ? this.afterWrite(query, queryRunner) : undefined;
  }

  /** Law 4: never on rollback, a released savepoint is no commit, and the writer goes on when it is evicted. */
  private async afterWrite(query: string, queryRunner: QueryRunner): Promise<void> {
    const client = await clientOf(queryRunner);
    if (client.getTransactionStatus() !== 'I') return;
    this.wrote.delete(queryRunner);
    if (ROLLS_BACK.test(query)) return;
    const acknowledgement = await this.wait.waitUntilStamped(client);
    this.scope.current()?.note(acknowledgement);
  }

  /** Once for each connection: the triggers need not wake anybody for what is written here. */
  private async announce(queryRunner: QueryRunner): Promise<void> {
    const client = await clientOf(queryRunner);
    if (this.announced.has(client)) return;
    this.announced.add(client);
    if (client.getTransactionStatus() !== 'E') await client.query(`SET ${WRITER_DRAINS} = on`).catch(() => undefined);
  }

  /** Just before the commit, as long as the records are certain to be there: what this transaction will evict. */
  private async note(queryRunner: QueryRunner): Promise<void> {
    const notes = this.scope.current();
    if (!notes) return;
    const client = await clientOf(queryRunner);
    if (client.getTransactionStatus() !== 'T') return;
    for (const tag of this.rules.tagsOf(await ownRecords(client))) notes.tags.add(tag);
  }
}

/** The runner's own connection, which raises no events of its own. */
function clientOf(queryRunner: QueryRunner): Promise<ClientBase> {
  return queryRunner.connect() as Promise<ClientBase>;
}
