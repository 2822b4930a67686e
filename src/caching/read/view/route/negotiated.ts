import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ViewReply } from '../express';
import { listMembers } from '../response/directives';

/** Hooks set these for every response, and no body depends on them: CORS, and compression of the same bytes. */
const BESIDE_THE_BODY = new Set(['origin', 'accept-encoding', '*']);

/**
 * What the application's hooks negotiated before the handler runs, as a part of the key: the language that they chose
 * (`Content-Language`), and the request headers that they say the response varies on. Empty where they said nothing.
 */
export function negotiatedBefore(reply: ViewReply, request: FastifyRequest, varyBy: readonly string[]): string {
  const language = reply.getHeader('content-language');
  const vary = reply.getHeader('vary');
  if (language === undefined && vary === undefined) return '';
  const names = listMembers(String(vary ?? '')).filter((name) => !BESIDE_THE_BODY.has(name) && !varyBy.includes(name));
  if (language === undefined && names.length === 0) return '';
  // Hashed: keys are shown to operators, and a cookie may be among the headers.
  const values = JSON.stringify([language, ...names.map((name) => [name, request.headers[name]])]);
  return `;negotiated=${createHash('sha256').update(values).digest('base64url').slice(0, 22)}`;
}
