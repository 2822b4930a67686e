import { matchesIfMatch } from '../caching';
import { Problem } from '../http';
import { ProductDto } from './dto/product.dto';
import { ReadOnlyFieldsDto } from './dto/product-write.dto';

/**
 * Holds a write back when its `If-Match` names another state than the current one.
 * @throws Problem 412
 */
export function requireMatch(ifMatch: string | undefined, current: string): void {
  if (ifMatch === undefined || matchesIfMatch(ifMatch, current)) return;
  throw new Problem(412, 'If-Match names another version: the product has changed since you read it.', {
    headers: { etag: current },
  });
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
