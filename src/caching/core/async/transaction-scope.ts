import { AsyncLocalStorage } from 'node:async_hooks';

/** The transaction of one database connection. TypeORM's QueryRunner is one. */
export interface Transaction {
  readonly isTransactionActive: boolean;
  /** The connection was given back, or was lost: TypeORM then reports no end of the transaction. */
  readonly isReleased?: boolean;
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
    for (const other of this.open) if (!isActive(other)) this.open.delete(other);
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
  while (current && !isActive(current.transaction)) current = current.outer;
  return current;
}

function isActive({ isTransactionActive, isReleased }: Transaction): boolean {
  return isTransactionActive && !isReleased;
}
