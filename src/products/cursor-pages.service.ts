import { Inject, Injectable } from '@nestjs/common';
import type { RowList } from '../caching';
import { type Cursor, decodeCursor, encodeCursor, FIRST, LAST, type Position, positionOf } from './cursor';
import { type Ordering, type ProductFilter, reversed } from './dto/product-query.dto';
import type { ProductDto } from './dto/product.dto';
import { FEATURED, placeIn } from './product-lists';
import { ProductRows } from './product-rows';
import { cursorPageTags } from './product.tags';
import { ProductsRepository } from './products.repository';

/** Products from a position in an order, as JSON, and the cursors of the pages beside them; null: there is none. */
export interface CursorSlice {
  readonly texts: readonly string[];
  readonly next: string | null;
  readonly previous: string | null;
}

/** Pages by cursor: an insert before a page does not shift it, and a page between two positions depends only on what is there. */
@Injectable()
export class CursorPagesService {
  constructor(
    @Inject(ProductsRepository) private readonly products: ProductsRepository,
    @Inject(ProductRows) private readonly rows: ProductRows,
  ) {}

  /** @throws Problem 400 for a cursor that is none */
  list(filter: ProductFilter, ordering: Ordering, text: string, size: number): Promise<CursorSlice> {
    return this.around(filter, ordering, decodeCursor(text, ordering), size);
  }

  /** @throws Problem 400 for a cursor that is none */
  featured(text: string, size: number): Promise<CursorSlice> {
    return this.list(FEATURED, '-created_at', text, size);
  }

  /** A cursor came from a page, so that page is linked without a check that anything is left of it. */
  private async around(filter: ProductFilter, ordering: Ordering, cursor: Cursor, size: number): Promise<CursorSlice> {
    const { from, backwards } = cursor;
    const found = await this.find(filter, ordering, cursor, size + 1);
    const [texts, isMore] = [found.slice(0, size), found.length > size];
    if (backwards) texts.reverse();
    const isInside = from !== undefined;
    const [hasNext, hasPrevious] = backwards ? [isInside, isMore] : [isMore, isInside];
    return {
      texts,
      next: hasNext ? besideOf(texts.at(-1), ordering, false) : null,
      previous: hasPrevious ? besideOf(texts.at(0), ordering, true) : null,
    };
  }

  /** The JSON of products from a cursor on, in its direction: backwards, the nearest comes first. */
  private find(filter: ProductFilter, ordering: Ordering, cursor: Cursor, limit: number): Promise<string[]> {
    const { from, backwards } = cursor;
    const tags: RowList['tags'] = (rows) => {
      // One more than the page shows: where it is there, the page does not reach the end.
      const beyond = rows[limit - 1];
      const created = beyond && (JSON.parse(beyond('created_at')) as string | null);
      return cursorPageTags(filter, ordering, from?.value, created ?? undefined);
    };
    const list = {
      key: ['cursor', filter, ordering, cursor, limit] as const,
      tags,
      placeOf: placeIn(filter, ordering),
    };
    const direction = backwards ? reversed(ordering) : ordering;
    return this.rows.cache.list(list, () => this.products.after(filter, direction, from, limit));
  }
}

/**
 * The cursor of the page beside a product. Beside an empty page is an end of the list: a page from the empty one's own place on would
 * leave out the product at that place. Null: the product has no position.
 */
function besideOf(json: string | undefined, ordering: Ordering, backwards: boolean): string | null {
  if (json === undefined) return backwards ? LAST : FIRST;
  const position = positionIn(json, ordering);
  return position ? encodeCursor(ordering, position, backwards) : null;
}

/** Undefined: the row has no position. Rows that are older than the column's check may have a date that is none in JavaScript. */
function positionIn(json: string, ordering: Ordering): Position | undefined {
  const position = positionOf(JSON.parse(json) as ProductDto, ordering);
  return (position.value as unknown) === null ? undefined : position;
}
