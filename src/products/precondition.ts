import { type Preconditions, preconditionsHold } from '../caching';
import { Problem } from '../http';
import { ProductDto } from './dto/product.dto';
import { ReadOnlyFieldsDto } from './dto/product-write.dto';

/**
 * Refuses a write whose `If-Match` or `If-None-Match` does not hold for the current state (RFC 9110 §13.2.2).
 * @throws Problem 412
 */
export function requirePreconditions(preconditions: Preconditions, current: string): void {
  if (preconditionsHold(preconditions, current)) return;
  const detail =
    preconditions.ifMatch === undefined
      ? 'If-None-Match names the current version of the product.'
      : 'If-Match names another version: the product has changed since you read it.';
  throw new Problem(412, detail, { headers: { etag: current } });
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
