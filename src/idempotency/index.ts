export { IdempotencyModule } from './idempotency.module';
export { Idempotency, Outcome } from './idempotency';
export { ApiIdempotencyKey, IdempotencyKey, KeyedCall } from './idempotency-key';
