import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem';

const JSON_TYPE = 'application/json';
/** RFC 7396: what PATCH does to a product, whichever of the two names its body has. */
const MERGE_PATCH = 'application/merge-patch+json';

type Done = (error: Error | null, body?: unknown) => void;

/**
 * Takes JSON alone: a form would turn up as texts, plain text as no body at all. Of a chunked body
 * only its end shows that it has no bytes: then it is no body.
 */
export function parseJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parseJson = server.getDefaultJsonParser('error', 'error');
  const parse = (request: FastifyRequest, body: Buffer, done: Done): void => {
    const refusal = refusalOf(request, body);
    if (refusal) done(refusal);
    else if (body.length === 0) done(null, undefined);
    else void parseJson(request, body.toString('utf8'), done);
  };
  server.addContentTypeParser([JSON_TYPE, MERGE_PATCH], { parseAs: 'buffer' }, parse);
}

/**
 * Nothing is of no type. Many clients name one for a body of no bytes (`curl -d ''`, `fetch` with
 * `body: ''`, Ruby, PowerShell), and Fastify would refuse the type before it looks at the length.
 */
export function dropTypeOfNoBody(headers: IncomingHttpHeaders): void {
  if (headers['content-type'] === undefined || headers['transfer-encoding'] !== undefined) return;
  if (Number(headers['content-length'] ?? 0) === 0) delete headers['content-type'];
}

function refusalOf({ method, headers }: FastifyRequest, body: Buffer): Problem | undefined {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    // RFC 9110 §15.5.16: the field names the codings that are accepted.
    return new Problem(415, 'A body must come without Content-Encoding.', {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  if (method !== 'PATCH' && headers['content-type']?.toLowerCase().startsWith(MERGE_PATCH)) {
    return new Problem(415, `${MERGE_PATCH} is for PATCH: ${method} takes ${JSON_TYPE}.`);
  }
  // RFC 8259 §8.1. Decoded all the same, each wrong byte would be stored as U+FFFD.
  if (!isUtf8(body)) return new Problem(400, 'The body is not valid UTF-8.');
  return undefined;
}

/** What a 415, and the response to OPTIONS, say about the bodies that a method takes (RFC 5789 §3.1, RFC 9110 §12.5.1). */
export function acceptedBodies(methods: string): Readonly<Record<string, string>> {
  return {
    ...(/\b(POST|PUT)\b/.test(methods) && { accept: JSON_TYPE }),
    ...(/\bPATCH\b/.test(methods) && { 'accept-patch': `${MERGE_PATCH}, ${JSON_TYPE}` }),
  };
}
