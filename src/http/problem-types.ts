import { STATUS_CODES } from 'node:http';

/** Statuses of problems, each with what it means here and what to do. The pages at `/problems/:status` are made of it. */
export const PROBLEM_TYPES: Readonly<Record<number, string>> = {
  400: 'Something in the request is unknown or wrong. `errors` names each parameter or field; send it again without the mistake.',
  401: 'This route needs a bearer token that holds: sign in again, or take the token that was printed at start.',
  403: 'The token holds, and lacks the role that this route needs. `detail` names the role.',
  404: 'There is no such thing at this URL: it never was, was deleted, or the page is past the last.',
  405: 'The URL exists and does not take this method. `Allow` names those that it takes.',
  408: 'The request did not arrive whole in time. Send it again.',
  409: 'The request contradicts what is there now. `detail` says what has to change first.',
  412: 'If-Match or If-None-Match does not hold: the product has changed since you read it. Read it again, then decide.',
  413: 'The body is larger than this route takes.',
  414: 'The URL is longer than any of this API.',
  415: 'The body has a media type or a Content-Encoding that this route does not take. `Accept` and `Accept-Patch` name the types.',
  417: 'The expectation in `Expect` cannot be met.',
  422: 'This Idempotency-Key was used for another request. Choose a new key.',
  429: 'Too many writes from this client. Wait for as many seconds as `Retry-After` says.',
  431: 'The headers of the request are larger than this server takes.',
  500: 'Something is wrong on this side. `request_id` names the request in the log.',
  503: 'A part that this needs is unavailable or busy, or the request takes too long. Try again after `Retry-After` seconds.',
  504: 'Only-if-cached was asked for, and this is not cached.',
};

/** Where the type of a problem leads (RFC 9457 §3.1.1), relative to the API. */
export function problemType(status: number): string {
  return PROBLEM_TYPES[status] === undefined ? 'about:blank' : `/problems/${status}`;
}

export function problemTitle(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}
