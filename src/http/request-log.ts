import { FastifyReply, FastifyRequest, LogController } from 'fastify';

/** One line a request, when it is done. Failures and writes are news; a good read is told only to who asked for `debug`. */
export class RequestLog extends LogController {
  /** @param tellsReads whether anybody would read the line of a good read: making it takes longer than to answer some of them */
  constructor(private readonly tellsReads: boolean) {
    super();
  }

  override incomingRequest(): void {
    // Said when it is done, with its outcome.
  }

  override routeNotFound(): void {
    // requestCompleted says 404.
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const { method, url } = request;
    const isGood = !error && reply.statusCode < 400;
    if (isGood && ((isRead(method) && !this.tellsReads) || isQuiet(request))) return;
    const line = { method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
    if (error || reply.statusCode >= 500) reply.log.error({ ...line, err: error ?? undefined }, 'request');
    else if (reply.statusCode >= 400 || !isRead(method)) reply.log.info(line, 'request');
    else reply.log.debug(line, 'request');
  }
}

/** `@RouteConfig({ quiet: true })` */
function isQuiet({ routeOptions }: FastifyRequest): boolean {
  return 'quiet' in routeOptions.config && routeOptions.config.quiet === true;
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
