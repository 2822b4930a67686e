/** What a driver error means to the caller, whichever library wrapped it. */
export type DatabaseFault =
  /** The server is unavailable, starting, stopping, full or did not respond in time: a retry may work. */
  | 'unavailable'
  /** The server says a value does not fit its column: the caller has to change it. */
  | 'bad-value';

/** @see https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  for (let cause = error; cause instanceof Error; cause = inner(cause)) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    if (UNAVAILABLE_CODE.test(code) || UNAVAILABLE_MESSAGE.test(cause.message)) return 'unavailable';
    if (BAD_VALUE_CODE.test(code)) return 'bad-value';
  }
  return undefined;
}

function inner(error: Error): unknown {
  return 'driverError' in error && error.driverError !== error ? error.driverError : error.cause;
}

/**
 * Class 08 connection, 25006 read-only (a primary that became a standby), 25P03 and 25P04 a transaction's own time-outs, 28
 * authorisation, 3D000 no such database, 40001 and 40P01 conflicts, 53 resources, 55000 not now, 55P03 lock time-out, 57P operator
 * intervention, 57014 cancelled; and Node's own socket errors.
 */
const UNAVAILABLE_CODE =
  /^(08...|25006|25P03|25P04|28...|3D000|40001|40P01|53...|55000|55P03|57P0.|57014|ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND)$/;
/** pg, pg-pool and TypeORM report a lost connection without a code; TypeORM releases the runner of one at once. */
const UNAVAILABLE_MESSAGE =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Cannot use a pool after|Driver not Connected|Client (has encountered a connection error|was closed) and is not queryable|Query runner already released)/;
/** Class 22 data exception, except 2200H (a sequence is used up, whatever the caller sends); 23514 check violation. */
const BAD_VALUE_CODE = /^(22(?!00H)...|23514)$/;
