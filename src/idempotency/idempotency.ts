import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { Problem } from '../http';
import { KeyedCall } from './idempotency-key';

/** Keys are forgotten after this long. */
const LIFETIME = `interval '1 day'`;
/** Old keys that each new one takes with it: so there are never many, and no call pays for all of them. */
const SWEPT = 5;

export interface Outcome<T> {
  readonly value: T;
  /** The work was done before, and this is the response of that time. */
  readonly replayed: boolean;
}

/**
 * The `Idempotency-Key` of draft-ietf-httpapi-idempotency-key-header: the key is written in the transaction of the work, so either
 * both are there or neither. A call that fails leaves nothing, and may be repeated.
 */
@Injectable()
export class Idempotency {
  /**
   * Does `work` unless this call has been done before. A second call with the key waits for the first one's transaction.
   * @param manager of a transaction that is open @param call undefined: the client named no key
   * @throws Problem 422 when the key was used for another request
   */
  async once<T>(manager: EntityManager, call: KeyedCall | undefined, work: () => Promise<T>): Promise<Outcome<T>> {
    if (!call) return { value: await work(), replayed: false };
    const { userId, key, request } = call;
    const claimed = await manager.query<unknown[]>(CLAIM, [userId, key, request]);
    if (claimed.length === 0) return { value: await this.storedResponse<T>(manager, call), replayed: true };
    const value = await work();
    await manager.query(KEEP, [userId, key, JSON.stringify(value)]);
    return { value, replayed: false };
  }

  private async storedResponse<T>(manager: EntityManager, { userId, key, request }: KeyedCall): Promise<T> {
    const [row] = await manager.query<{ request: string; response: T }[]>(FIND, [userId, key]);
    if (row?.request === request) return row.response;
    throw new Problem(422, 'This Idempotency-Key was used for another request: choose a new one.');
  }
}

const CLAIM = `
  INSERT INTO idempotency_keys AS known (user_id, key, request) VALUES ($1, $2, $3)
  ON CONFLICT (user_id, key) DO UPDATE SET request = excluded.request, response = NULL, created_at = excluded.created_at
  WHERE known.created_at < now() - ${LIFETIME}
  RETURNING key`;

const KEEP = `
  WITH swept AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM idempotency_keys WHERE created_at < now() - ${LIFETIME}
      ORDER BY created_at LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED)))
  UPDATE idempotency_keys SET response = $3::json WHERE user_id = $1 AND key = $2`;

const FIND = `SELECT request, response FROM idempotency_keys WHERE user_id = $1 AND key = $2`;
