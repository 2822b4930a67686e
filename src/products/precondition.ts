import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Preconditions, preconditionsHold } from '../caching';
import { Problem, requestOf } from '../http';
import { ProductDto } from './dto/product.dto';
import { ReadOnlyFieldsDto } from './dto/product-write.dto';
import { lastModified } from './last-modified';

/** The conditions of a write, as its headers have them. */
export interface WriteConditions extends Preconditions {
  readonly ifUnmodifiedSince?: string;
}

/** The conditions that the request of a write carries. */
export const Conditions = createParamDecorator((_data: unknown, context: ExecutionContext): WriteConditions => {
  const { headers } = requestOf(context);
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifUnmodifiedSince: headers['if-unmodified-since'],
  };
});

/**
 * Refuses a write whose conditions do not hold for the current state (RFC 9110 §13.2.2). `If-Match` is exact and replaces
 * `If-Unmodified-Since`, which cannot distinguish two writes within one second; a date that is no HTTP date is ignored.
 * @param etag of the current state
 * @throws Problem 412
 */
export function requirePreconditions(conditions: WriteConditions, etag: string, current: ProductDto): void {
  const broken = brokenCondition(conditions, etag, current);
  if (broken !== undefined)
    throw new Problem(412, broken, { headers: { etag, 'last-modified': lastModified(current) } });
}

function brokenCondition(conditions: WriteConditions, etag: string, current: ProductDto): string | undefined {
  const { ifMatch, ifNoneMatch, ifUnmodifiedSince } = conditions;
  if (!preconditionsHold({ ifMatch }, etag)) {
    return 'If-Match names another version: the product has changed since you read it.';
  }
  if (ifMatch === undefined && isLaterThan(lastModified(current), ifUnmodifiedSince)) {
    return 'The product has changed since the date in If-Unmodified-Since.';
  }
  return preconditionsHold({ ifNoneMatch }, etag)
    ? undefined
    : 'If-None-Match names the current version of the product.';
}

function isLaterThan(date: string, limit: string | undefined): boolean {
  return limit !== undefined && at(date) > httpTime(limit);
}

/** As C's `asctime` prints a date, one of the three forms that a recipient has to know. */
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/** Milliseconds since 1970; NaN: no HTTP date. They are GMT, whether they say so or not. RFC 9110 §5.6.7 */
function httpTime(text: string): number {
  if (text.endsWith('GMT')) return at(text);
  return ASCTIME.test(text) ? at(`${text} GMT`) : NaN;
}

/**
 * A client that sends back what it was given may leave read-only fields in. `updated_at` may be an earlier one: whether the product has
 * changed meanwhile is a question for `If-Match`.
 * @throws Problem 400
 */
export function requireUnchanged(sent: ReadOnlyFieldsDto, current: ProductDto): void {
  const wrong = [
    sent.id !== undefined && sent.id !== current.id ? 'id' : undefined,
    sent.created_at !== undefined && at(sent.created_at) !== at(current.created_at) ? 'created_at' : undefined,
    sent.updated_at !== undefined && !(at(sent.updated_at) <= at(current.updated_at)) ? 'updated_at' : undefined,
  ].filter((name) => name !== undefined);
  if (wrong.length === 0) return;
  throw Problem.badRequest(
    wrong.map((name) => ({
      in: 'body',
      name,
      detail: `${name} is read-only: here it is ${String(current[name as 'id'])}`,
    })),
  );
}

function at(date: string): number {
  return Date.parse(date);
}
