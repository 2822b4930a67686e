import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { CommonHeaders } from './common-headers';
import { Problem, problemBody, RETRY_AFTER } from './problem';
import { requestId } from './request-id';
import { loggedUrl } from './request-log';
import { pathOf } from './route-methods';

/** A response that closes its connection. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Refusals of what never reaches the framework: with the headers, the id and the body of all others, and in the log. */
export class EarlyRefusals {
  constructor(
    private readonly common: CommonHeaders,
    private readonly logger: Logger,
  ) {}

  /** @param request undefined: it could not be parsed. Idle connections end so too, which `debug` alone logs. */
  refusal(status: number, detail: string, request?: IncomingMessage): Refusal {
    const { url = '', headers = {}, method } = request ?? {};
    const reqId = requestId(headers);
    if (request) this.logger.info({ reqId, method, url: loggedUrl(pathOf(url)), status }, 'request');
    else this.logger.debug({ reqId, status }, 'a request that cannot be read');
    const body = JSON.stringify(problemBody(new Problem(status, detail), pathOf(url), reqId));
    return {
      status,
      headers: {
        ...this.common.of(url, headers.origin),
        'x-request-id': reqId,
        connection: 'close',
        'content-type': 'application/problem+json; charset=utf-8',
        'cache-control': 'no-store',
        ...(status === 503 ? { 'retry-after': RETRY_AFTER } : {}),
        'content-length': String(Buffer.byteLength(body)),
      },
      body,
    };
  }
}
