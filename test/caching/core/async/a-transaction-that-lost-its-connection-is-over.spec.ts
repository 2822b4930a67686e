import { type Transaction, TransactionScope } from '../../../../src/caching/core/async/transaction-scope';

type Mutable = { -readonly [Key in keyof Transaction]: Transaction[Key] };

/** What TypeORM leaves of a query runner whose connection broke: active for ever, and released. */
const lost = (transaction: Mutable): unknown => Object.assign(transaction, { isReleased: true });

it('calls after it, in the same async context, are inside no transaction', async () => {
  const scope = new TransactionScope();
  const transaction: Mutable = { isTransactionActive: true };
  await Promise.resolve();
  scope.enter(transaction);
  expect(scope.isInside()).toBe(true);
  lost(transaction);
  expect(scope.isInside()).toBe(false);
});

it('the one around it, on another connection, counts again', async () => {
  const scope = new TransactionScope();
  const outer: Mutable = { isTransactionActive: true };
  const inner: Mutable = { isTransactionActive: true };
  await Promise.resolve();
  scope.enter(outer);
  scope.enter(inner);
  lost(inner);
  expect(scope.isInside()).toBe(true);
  outer.isTransactionActive = false;
  scope.leave(outer);
  expect(scope.isInside()).toBe(false);
});
