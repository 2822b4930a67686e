import { FastifyReply, FastifyRequest, LogController } from 'fastify';
import { cut } from './log-error';

/** Of a URL, in UTF-16 units: a long one must not make a long line. */
const MAX_URL = 512;

/** One line a request, when it is done. Good reads are logged at `debug`, failures and writes at `info` and above. */
export class RequestLog extends LogController {
  /** @param logsReads whether `debug` is on: making the line of a good read takes longer than some of them */
  constructor(private readonly logsReads: boolean) {
    super();
  }

  override incomingRequest(): void {
    // requestCompleted logs the request together with its outcome.
  }

  override routeNotFound(): void {
    // requestCompleted logs the 404.
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    if (isHangUp(error)) return this.streamError(error, request, reply);
    const isGood = !error && reply.statusCode < 400;
    if (isGood && ((isRead(request.method) && !this.logsReads) || isQuiet(request))) return;
    const line = lineOf(request, reply);
    if (error || reply.statusCode >= 500) reply.log.error({ ...line, err: error ?? undefined }, 'request');
    else if (reply.statusCode >= 400 || !isRead(request.method)) reply.log.info(line, 'request');
    else reply.log.debug(line, 'request');
  }

  /** A client that closes its connection before the end of a response is no error; a response that breaks off is. */
  override streamError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    if (isHangUp(error)) reply.log.debug(lineOf(request, reply), 'the client closed the connection');
    else reply.log.warn({ ...lineOf(request, reply), err: error }, 'the response broke off');
  }

  override defaultErrorLog(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.error({ ...lineOf(request, reply), err: error }, 'request');
  }

  override writeHeadError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
    reply.log.warn({ ...lineOf(request, reply), err: error }, 'the head of the response cannot be written');
  }
}

/** A URL as a line of the log has it. */
export function loggedUrl(url: string): string {
  return cut(url, MAX_URL);
}

function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const { method, url } = request;
  const isRefused = reply.statusCode >= 400 && reply.statusCode < 500;
  // The query of a request that is refused is anybody's text, and says nothing that the response did not.
  const shown = isRefused ? (url.split('?', 1)[0] ?? '') : url;
  return { method, url: loggedUrl(shown), status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
}

function isHangUp(error: Error | null | undefined): error is Error {
  return error !== null && error !== undefined && 'code' in error && HANG_UPS.has(error.code);
}

const HANG_UPS = new Set<unknown>(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

/** `@RouteConfig({ quiet: true })` */
function isQuiet({ routeOptions }: FastifyRequest): boolean {
  return 'quiet' in routeOptions.config && routeOptions.config.quiet === true;
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
