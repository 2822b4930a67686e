import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery } from '../caching';
import { Cursor, decodeCursor, encodeCursor, placeOf } from './cursor';
import { CursorPagesRepository } from './cursor-pages.repository';
import { FEATURED_RATING } from './dto/limits';
import { Ordering, ProductFilter } from './dto/product-query.dto';
import { ProductDto } from './dto/product.dto';
import { cursorPageTags } from './product.tags';

/** Products from a place in an order, and the cursors of the pages beside them; null: there is none. */
export interface CursorSlice {
  readonly results: ProductDto[];
  readonly next: string | null;
  readonly previous: string | null;
}

/** What one read of the index found. */
interface Found {
  /** In the order of the list. */
  readonly shown: ProductDto[];
  /** The nearest one past the page, in the direction of the cursor. */
  readonly beyond: ProductDto | null;
}

/** Pages by cursor: an insert before a page does not shift it, and a page between two places depends only on what is there. */
@Injectable()
export class CursorPagesService {
  constructor(@Inject(CursorPagesRepository) private readonly pages: CursorPagesRepository) {}

  /** @throws Problem 400 for a cursor that is none */
  list(filter: ProductFilter, ordering: Ordering, text: string, size: number): Promise<CursorSlice> {
    return this.around(filter, ordering, decodeCursor(text, ordering), size);
  }

  /** @throws Problem 400 for a cursor that is none */
  featured(text: string, size: number): Promise<CursorSlice> {
    return this.list({ min_rating: FEATURED_RATING }, '-created_at', text, size);
  }

  @CacheQuery({
    tags: ({ shown, beyond }: Found, filter: ProductFilter, ordering: Ordering, cursor: Cursor, _size: number) =>
      cursorPageTags(filter, ordering, { from: cursor.from?.value, beyond, shown }),
  })
  async find(filter: ProductFilter, ordering: Ordering, cursor: Cursor, size: number): Promise<Found> {
    const rows = await this.pages.slice(filter, ordering, cursor, size + 1);
    const [shown, beyond] = [rows.slice(0, size), rows[size]];
    if (cursor.backwards) shown.reverse();
    return { shown: shown.map((row) => ProductDto.of(row)), beyond: beyond ? ProductDto.of(beyond) : null };
  }

  /** Where a cursor came from there was a page, so it is linked without a look whether anything is left of it. */
  private async around(filter: ProductFilter, ordering: Ordering, cursor: Cursor, size: number): Promise<CursorSlice> {
    const { shown, beyond } = await this.find(filter, ordering, cursor, size);
    const { from, backwards } = cursor;
    const [first, last] = [shown.at(0), shown.at(-1)];
    const before = first ? placeOf(first, ordering) : from;
    const after = last ? placeOf(last, ordering) : from;
    const hasNext = backwards || beyond !== null;
    const hasPrevious = backwards ? beyond !== null : from !== undefined;
    return {
      results: shown,
      next: hasNext && after ? encodeCursor(ordering, after, false) : null,
      previous: hasPrevious && before ? encodeCursor(ordering, before, true) : null,
    };
  }
}
