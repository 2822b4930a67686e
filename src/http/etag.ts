import { createHash } from 'node:crypto';
import { Problem } from './problem';

/** A strong validator (RFC 9110 §8.8.3): the same for the same bytes, on every node. */
export function strongEtag(body: string): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`;
}

/** The validator of what we send for `value` as JSON. */
export function etagOf(value: unknown): string {
  return strongEtag(JSON.stringify(value));
}

/**
 * Holds a write back when its `If-Match` names another state than the current one (RFC 9110 §13.1.1: strong comparison, so a
 * weak tag never matches).
 * @throws Problem 412
 */
export function requireMatch(ifMatch: string | undefined, current: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  if (ifMatch.split(',').some((tag) => tag.trim() === current)) return;
  throw new Problem(412, 'If-Match names another version: somebody changed this since you read it.', {
    headers: { etag: current },
  });
}
