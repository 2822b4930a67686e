import { matchesIfMatch } from '../caching';
import { Problem } from '../http';

/**
 * Holds a write back when its `If-Match` names another state than the current one.
 * @throws Problem 412
 */
export function requireMatch(ifMatch: string | undefined, current: string): void {
  if (ifMatch === undefined || matchesIfMatch(ifMatch, current)) return;
  throw new Problem(412, 'If-Match names another version: somebody changed this since you read it.', {
    headers: { etag: current },
  });
}
