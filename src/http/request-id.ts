import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** Requests are counted; the count is unique together with the process. */
const PROCESS_ID = randomBytes(9).toString('hex');
let requests = 0;

/** The `X-Request-Id` of the caller, when it is one that may stand in a log, else a new one. */
export function requestId(headers: IncomingHttpHeaders): string {
  const incoming = headers['x-request-id'];
  return typeof incoming === 'string' && REQUEST_ID.test(incoming)
    ? incoming
    : `${PROCESS_ID}-${(++requests).toString(36).padStart(7, '0')}`;
}
