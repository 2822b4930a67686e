import { types } from 'node:util';

/** Recognises TypeORM's EntityManager, QueryRunner and Repository by their members: this module imports no ORM. */
export function isInTransaction(arg: unknown): boolean {
  // A proxy may throw when it is read outside its own context.
  if (typeof arg !== 'object' || arg === null || types.isProxy(arg)) return false;
  const { manager, queryRunner, isTransactionActive } = arg as Record<string, unknown>;
  // A runner has a manager that refers to the runner, so stop at the runner.
  if (typeof isTransactionActive === 'boolean') return isTransactionActive;
  return [queryRunner, manager].some((part) => part !== arg && isInTransaction(part));
}
