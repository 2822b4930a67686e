import { Inject, Injectable } from '@nestjs/common';
import type { RowList } from '../caching';
import { type Cursor, decodeCursor, encodeCursor, type Position, positionOf } from './cursor';
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
    const [before, after] = [texts.at(0), texts.at(-1)].map((json) => (json ? positionIn(json, ordering) : from));
    const hasNext = backwards || isMore;
    const hasPrevious = backwards ? isMore : from !== undefined;
    return {
      texts,
      next: hasNext && after ? encodeCursor(ordering, after, false) : null,
      previous: hasPrevious && before ? encodeCursor(ordering, before, true) : null,
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

/** Undefined: the row has no position. Rows that are older than the column's check may have a date that is none in JavaScript. */
function positionIn(json: string, ordering: Ordering): Position | undefined {
  const position = positionOf(JSON.parse(json) as ProductDto, ordering);
  return (position.value as unknown) === null ? undefined : position;
}
