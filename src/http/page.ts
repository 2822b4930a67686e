import { Type } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IntegerParam } from './params';
import { Problem } from './problem';

export const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 200;
const MAX_PAGE = 1_000_000;

/** `?page` of a list. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_PAGE, default: 1 })
  @IntegerParam(1, MAX_PAGE)
  page = 1;
}

/** `?page&page_size` of a list. */
export class SizedPageQuery extends PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_PAGE_SIZE, default: PAGE_SIZE })
  @IntegerParam(1, MAX_PAGE_SIZE)
  page_size = PAGE_SIZE;
}

/** A page of a list, in the form of Django REST Framework's PageNumberPagination. */
export interface Page<T> {
  /** Items on all pages together. */
  count: number;
  next: string | null;
  previous: string | null;
  results: T[];
}

/** A page by cursor. It counts nothing, so that it does not depend on items elsewhere. */
export type CursorPage<T> = Omit<Page<T>, 'count'> & { count: null };

type AnyPage<T> = Omit<Page<T>, 'count'> & { count: number | null };

/** The OpenAPI class of a page of `Item`. */
export function PageOf<T>(Item: Type<T>): Type<AnyPage<T>> {
  class PageDto implements AnyPage<T> {
    @ApiProperty({
      type: 'integer',
      nullable: true,
      example: 10_000,
      description: 'Items on all pages together; null on a page by cursor.',
    })
    count!: number | null;

    @ApiProperty({ type: String, nullable: true, example: '/api/products?page=3' })
    next!: string | null;

    @ApiProperty({ type: String, nullable: true, example: '/api/products' })
    previous!: string | null;

    @ApiProperty({ type: [Item] })
    results!: T[];
  }
  Object.defineProperty(PageDto, 'name', { value: `PageOf${Item.name.replace(/Dto$/, '')}s` });
  return PageDto;
}

export interface PageRequest {
  page: number;
  pageSize: number;
  /** Link to another page of the same list. */
  linkTo: (page: number) => string;
}

/** @throws Problem 404 for a page past the last; page 1 exists even when it is empty */
export function toPage<T>(count: number, results: T[], { page, pageSize, linkTo }: PageRequest): Page<T> {
  const last = Math.max(1, Math.ceil(count / pageSize));
  if (page > last) throw new Problem(404, `There is no page ${page}: the last one is ${last}.`);
  return {
    count,
    next: page < last ? linkTo(page + 1) : null,
    previous: page > 1 ? linkTo(page - 1) : null,
    results,
  };
}

/**
 * Builds links from the validated query, so that one page has one address: defaults are left out and names are sorted.
 * A link starts with `origin` where one is configured, else with the path: it never repeats the Host header, which the client
 * chooses and a cached response would pass on to every client.
 */
export function pageLinks(
  origin: string | undefined,
  path: string,
  query: object,
  defaults: object,
): PageRequest['linkTo'] {
  return (page) => linkTo(origin, path, { ...query, page }, defaults);
}

/** The same for a page by cursor. */
export function cursorLink(
  origin: string | undefined,
  path: string,
  query: object,
  defaults: object,
): (cursor: string | null) => string | null {
  return (cursor) => (cursor === null ? null : linkTo(origin, path, { ...query, cursor }, defaults));
}

function linkTo(origin: string | undefined, path: string, query: object, defaults: object): string {
  const usual = new Map<string, unknown>(Object.entries(defaults));
  const given = Object.entries(query).filter(([name, value]) => {
    return value !== undefined && value !== usual.get(name);
  });
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  search.sort();
  return `${origin ?? ''}${path}${search.size > 0 ? `?${search.toString()}` : ''}`;
}
