import { createHash } from 'node:crypto';
import { applyDecorators, createParamDecorator, ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { ApiProblems, Problem, requestOf } from '../http';

const NAME = 'Idempotency-Key';
const MAX_KEY = 255;
/** A structured field's string (RFC 8941 §3.3.3), as the draft has it, or the bare value, as most clients send it. */
const KEY = new RegExp(`^(?:"([\\x21\\x23-\\x5b\\x5d-\\x7e]{1,${MAX_KEY}})"|([\\x21\\x23-\\x7e]{1,${MAX_KEY}}))$`);

/** One call that its client may repeat. */
export interface KeyedCall {
  /** Keys of one user are nothing to another. */
  readonly userId: string;
  readonly key: string;
  /** Hash of the request: a key is for one request. */
  readonly request: string;
}

/** The call as its `Idempotency-Key` names it; undefined without one. @throws Problem 400 for a key that is none */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): KeyedCall | undefined => {
  const { headers, user, method, url, body } = requestOf(context);
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const [, quoted, bare] = KEY.exec(String(header)) ?? [];
  const key = quoted ?? bare;
  if (key === undefined) {
    const detail = `${NAME} must be 1 to ${MAX_KEY} printable ASCII characters without spaces`;
    throw Problem.badRequest([{ in: 'header', name: NAME, detail }]);
  }
  const request = createHash('sha256')
    .update(JSON.stringify([method, url, body]))
    .digest('base64url');
  return { userId: user?.id ?? '', key, request };
});

/** Documents a route that takes `@IdempotencyKey()`. */
export function ApiIdempotencyKey(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: NAME,
      required: false,
      description: 'Any text of your own, a UUID say: for a day, the same request with the same key is done once.',
      schema: { type: 'string', minLength: 1, maxLength: MAX_KEY },
    }),
    ApiProblems({ 422: `this ${NAME} belongs to another request` }),
  );
}
