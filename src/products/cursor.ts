import { Problem } from '../http';
import { MAX_ID, MAX_NAME, MAX_PRICE, MAX_RATING } from './dto/limits';
import { columnOf, Ordering, ORDERINGS } from './dto/product-query.dto';
import { ProductDto } from './dto/product.dto';

/** The cursor of the first page, and of the last: an empty page has no product that the page beside it could be named by. */
export const FIRST = '*';
export const LAST = 'last';

/** A product's position in an ordering: the value it is ordered by, and its id. */
export interface Position {
  readonly value: string | number;
  readonly id: number;
}

/** From where a page goes on, and which way. */
export interface Cursor {
  /** Undefined: from the beginning, or backwards from the end. */
  readonly from?: Position;
  /** The page ends before `from`. */
  readonly backwards: boolean;
}

export function positionOf(product: ProductDto, ordering: Ordering): Position {
  return { value: product[columnOf(ordering)], id: product.id };
}

/** The cursor as text. Opaque for clients: what it holds may change. */
export function encodeCursor(ordering: Ordering, { value, id }: Position, backwards: boolean): string {
  return Buffer.from(JSON.stringify([ordering, backwards ? 1 : 0, value, id])).toString('base64url');
}

/** @throws Problem 400 that names `cursor`: it is none of ours, or of a list in another order */
export function decodeCursor(text: string, ordering: Ordering): Cursor {
  if (text === FIRST || text === LAST) return { backwards: text === LAST };
  const [order, backwards, value, id, ...rest] = parse(text);
  if (order !== ordering && (ORDERINGS as readonly unknown[]).includes(order)) {
    throw refused(`cursor belongs to a list in the order ${String(order)}`);
  }
  // Ids below zero as well: SQL may insert such rows.
  const isPosition = Number.isSafeInteger(id) && Math.abs(id as number) <= MAX_ID && isValue(value, ordering);
  const isOurs = order === ordering && (backwards === 0 || backwards === 1) && isPosition && rest.length === 0;
  const cursor = isOurs ? { from: { value, id } as Position, backwards: backwards === 1 } : undefined;
  // One page has one URL.
  if (cursor && encodeCursor(ordering, cursor.from, cursor.backwards) === text) return cursor;
  throw refused(`cursor must be ${FIRST}, or come from a next or previous link`);
}

function parse(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function isValue(value: unknown, ordering: Ordering): boolean {
  switch (columnOf(ordering)) {
    case 'created_at':
      return typeof value === 'string' && isDate(value);
    case 'price':
      return isDecimal(value, MAX_PRICE);
    case 'rating':
      return isDecimal(value, MAX_RATING);
    case 'name':
      return typeof value === 'string' && isName(value);
  }
}

/** As a product has it: milliseconds, UTC, and a year of four digits. The column has no finer dates. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) || text.startsWith('0000')) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

/** PostgreSQL counts code points. */
function isName(text: string): boolean {
  return [...text].length <= MAX_NAME && !text.includes('\0') && text.isWellFormed();
}

function isDecimal(value: unknown, most: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= most && Number(value.toFixed(2)) === value;
}

function refused(detail: string): Problem {
  return Problem.badRequest([{ in: 'query', name: 'cursor', detail }]);
}
