import { STATUS_CODES } from 'node:http';

/** Statuses of problems: what each means here, and what to do. The pages at `/problems/:status` show these texts. */
export const PROBLEM_TYPES: Readonly<Record<number, string>> = {
  400: 'A parameter or field of the request is unknown or wrong. `errors` names each one. Correct the request and send it again.',
  401: 'This route needs a valid bearer token. Sign in again, or use the token that was printed at start.',
  403: 'The token is valid, but lacks the role that this route needs. `detail` names the role.',
  404: 'Nothing exists at this URL: it never existed, it was deleted, or the page is past the last.',
  405: 'The URL exists, but does not support this method. `Allow` names the supported methods.',
  408: 'The request did not arrive completely in time. Send it again.',
  409: 'The request conflicts with the current state. `detail` says what has to change first.',
  412: 'If-Match or If-None-Match does not hold: the product has changed since you read it. Read it again, then decide.',
  413: 'The body is larger than this route accepts.',
  414: 'The URL is longer than this API accepts.',
  415: 'This route does not accept the media type or the Content-Encoding of the body. `Accept` and `Accept-Patch` name the types that it accepts.',
  417: 'The expectation in `Expect` cannot be met.',
  422: 'This Idempotency-Key was used for another request. Choose a new key.',
  429: 'Too many writes from this client. Wait for the seconds that `Retry-After` gives.',
  431: 'The headers of the request are larger than this server accepts.',
  500: 'The server failed. `request_id` names the request in its log.',
  503: 'A part that this request needs is unavailable or busy, or the request took too long. Try again after `Retry-After` seconds.',
  504: 'The request says `only-if-cached`, and the response is not cached.',
};

/** Where the type of a problem leads (RFC 9457 §3.1.1), relative to the API. */
export function problemType(status: number): string {
  return PROBLEM_TYPES[status] === undefined ? 'about:blank' : `/problems/${status}`;
}

export function problemTitle(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}
