import type { DataSource, EntitySubscriberInterface, QueryRunner } from 'typeorm';
import type { AfterQueryEvent, BeforeQueryEvent } from 'typeorm/subscriber/event/QueryEvent';

export type QueryKind = 'read' | 'write' | 'other';

const READS = /^\s*(select|values|table|with)\b/i;
const WRITES = /^\s*(insert|update|delete|merge|truncate|copy|with\b[^]*\b(insert|update|delete|merge))\b/i;

/**
 * Times every statement that goes through TypeORM, from sending to its result, without the wait for a pool connection.
 * TypeORM itself measures whole milliseconds only.
 */
export class QueryTimer implements EntitySubscriberInterface {
  private readonly began = new WeakMap<QueryRunner, number>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly report: (kind: QueryKind, ms: number, ok: boolean) => void,
  ) {
    dataSource.subscribers.push(this);
  }

  close(): void {
    const place = this.dataSource.subscribers.indexOf(this);
    if (place >= 0) this.dataSource.subscribers.splice(place, 1);
  }

  beforeQuery({ queryRunner }: BeforeQueryEvent): void {
    this.began.set(queryRunner, performance.now());
  }

  afterQuery({ query, queryRunner, success }: AfterQueryEvent): void {
    const began = this.began.get(queryRunner);
    if (began !== undefined) this.report(kindOf(query), performance.now() - began, success);
  }
}

function kindOf(query: string): QueryKind {
  if (WRITES.test(query)) return 'write';
  return READS.test(query) ? 'read' : 'other';
}
