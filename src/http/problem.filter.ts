import { ArgumentsHost, Catch, ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { FastifyReply, FastifyRequest } from 'fastify';
import { fetchFault } from './fetch-json';
import { acceptedBodies } from './json-body';
import { Problem, problemBody, RETRY_AFTER } from './problem';
import { pathOf } from './route-methods';

/** What a feature or library knows about its own errors; undefined: not one of them. */
export type ErrorTranslator = (error: unknown) => Problem | undefined;

/** Turns whatever was thrown into problem+json. What is not meant for the caller goes to the log, under the request's id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  constructor(private readonly translate: ErrorTranslator) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = toProblem(error, this.translate);
    if (problem.getStatus() === 500) this.logger.error({ err: error, reqId: request.id }, problem.detail);
    else if (problem.getStatus() > 500) this.logger.warn({ reqId: request.id, cause: causeOf(error) }, problem.detail);
    sendProblem(reply, request, problem);
  }
}

export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: Problem): void {
  const status = problem.getStatus();
  const path = pathOf(request.url);
  void reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...(status === 415 ? acceptedBodies(request.method) : {}) })
    .headers(status === 503 && !reply.hasHeader('retry-after') ? { 'retry-after': RETRY_AFTER } : {})
    .headers(problem.extras.headers ?? {})
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemBody(problem, path, request.id)));
}

export function toProblem(error: unknown, translate: ErrorTranslator = () => undefined): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpException) return new Problem(error.getStatus(), error.message);
  return (
    translate(error) ??
    clientError(error) ??
    new Problem(500, 'Something went wrong here; request_id names it in our logs.')
  );
}

/** What Fastify itself refuses (body too large, broken JSON, unknown media type) says so with a 4xx statusCode. */
function clientError(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  return error.statusCode >= 400 && error.statusCode < 500 ? new Problem(error.statusCode, error.message) : undefined;
}

function causeOf(error: unknown): string | undefined {
  if (error instanceof Problem && error.cause !== undefined) return fetchFault(error.cause);
  return error instanceof Error ? error.message : undefined;
}
