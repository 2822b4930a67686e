import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery, type KnownRow, type KnownRows } from '../caching';
import { FEATURED_RATING } from './dto/limits';
import { FEATURED, Slice } from './product-lists';
import { featuredTags, listTags } from './product.tags';
import { ProductsRepository, type Stretch } from './products.repository';

/** Pages of a stretch: popular pages are near one another, and an id takes a few bytes. */
const PAGES = 50;
/** Of the form of `Stretch`: nodes of another release keep their own. */
const SHAPE = 2;
/** As many products as are inserted, or deleted, while most pages wait for their next reader: each moves one onto the page. */
const NEAR = { before: 6, after: 2 };

/**
 * Which products are on the pages of the lists by age, for many pages at once, and how many the list has. A product that is added or deleted
 * shifts all pages of such a list: one query then knows 50 of them again, and their products are cached already.
 */
@Injectable()
export class ListStretches {
  constructor(@Inject(ProductsRepository) private readonly products: ProductsRepository) {}

  /** The products of one page of all products, the newest first. Undefined: no whole page. */
  async page(slice: Slice): Promise<KnownRows | undefined> {
    const at = pageOf(slice);
    return at && known(await this.all(at.stretch, slice.limit), at.page, slice.limit, {});
  }

  /** The same of featured products. */
  async featuredPage(slice: Slice): Promise<KnownRows | undefined> {
    const at = pageOf(slice);
    const rating = String(FEATURED_RATING);
    return at && known(await this.featured(at.stretch, slice.limit), at.page, slice.limit, { rating });
  }

  @CacheQuery({ version: SHAPE, tags: listTags({}, '-created_at') })
  all(stretch: number, pageSize: number): Promise<Stretch> {
    return this.products.stretch({}, sliceOf(stretch, pageSize), pageSize);
  }

  @CacheQuery({ version: SHAPE, tags: featuredTags() })
  featured(stretch: number, pageSize: number): Promise<Stretch> {
    return this.products.stretch(FEATURED, sliceOf(stretch, pageSize), pageSize);
  }
}

/** In which stretch a slice is, and which page of it. */
function pageOf({ offset, limit }: Slice): { stretch: number; page: number } | undefined {
  if (offset % limit !== 0) return undefined;
  const page = offset / limit;
  return { stretch: Math.floor(page / PAGES), page: page % PAGES };
}

function sliceOf(stretch: number, pageSize: number): Slice {
  return { offset: stretch * PAGES * pageSize, limit: PAGES * pageSize };
}

/** @param common the JSON of what all of the list have in common */
function known(stretch: Stretch, page: number, size: number, common: Record<string, string>): KnownRows {
  const times = valuesIn(stretch.times[page]);
  const ids = valuesIn(stretch.ids[page]);
  const rows = ids.map((id, at): KnownRow => ({
    id,
    field: (name) => (name === 'created_at' ? shown(times[at]!) : common[name]!),
  }));
  const near = (): string[] => {
    const before = valuesIn(stretch.ids[page - 1]).slice(-NEAR.before);
    const after = ids.length < size ? [] : valuesIn(stretch.ids[page + 1]).slice(0, NEAR.after);
    return [...before, ...after];
  };
  return { count: stretch.count, rows, near };
}

function valuesIn(page: string | undefined): string[] {
  return page === undefined ? [] : page.split(',');
}

/** A time as the JSON of rows: whole milliseconds, cut off. PostgreSQL knows some that are none in JavaScript, `infinity` for one. */
function shown(seconds: string): string {
  const date = new Date(Math.floor(Math.round(Number(seconds) * 1e6) / 1_000));
  return Number.isNaN(date.getTime()) ? 'null' : `"${date.toISOString()}"`;
}
