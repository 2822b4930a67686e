import { AsyncLocalStorage } from 'node:async_hooks';

/** The transaction of one database connection. TypeORM's QueryRunner is one. */
export interface Transaction {
  readonly isTransactionActive: boolean;
}

interface Link {
  readonly transaction: Transaction;
  /** The transaction around it, on another connection. */
  readonly outer: Link | undefined;
}

/**
 * Which calls run inside an open transaction of the application: they may read what is not committed. The storage is
 * enabled only while a transaction is open: see AsyncScope.
 */
export class TransactionScope {
  private readonly storage = new AsyncLocalStorage<Link>();
  private readonly open = new Set<Transaction>();

  /** The caller, and whatever it calls from now on, is inside `transaction` as long as that is active. */
  enter(transaction: Transaction): void {
    // A connection that was lost or released in mid-transaction reports no end.
    for (const other of this.open) if (!other.isTransactionActive) this.open.delete(other);
    this.open.add(transaction);
    this.storage.enterWith({ transaction, outer: firstActive(this.storage.getStore()) });
  }

  /** `transaction` was committed or rolled back. */
  leave(transaction: Transaction): void {
    this.open.delete(transaction);
    if (this.open.size === 0) this.storage.disable();
  }

  isInside(): boolean {
    return this.open.size > 0 && firstActive(this.storage.getStore()) !== undefined;
  }
}

function firstActive(link: Link | undefined): Link | undefined {
  let current = link;
  while (current && !current.transaction.isTransactionActive) current = current.outer;
  return current;
}
