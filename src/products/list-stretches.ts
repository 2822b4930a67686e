import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery, KnownRow } from '../caching';
import { FEATURED_RATING } from './dto/limits';
import { FEATURED, Slice } from './product-lists';
import { featuredTags, listTags } from './product.tags';
import { ProductsRepository } from './products.repository';

/** Pages of a stretch: popular pages are near one another, and an id takes a few bytes. */
const PAGES = 50;

/** What `ProductsRepository.stretch` has made for one page. */
type Page = [ids: number[], times: (number | string)[]];

/**
 * Which products are on the pages of the lists by age, for many pages at once. A product that is added or deleted shifts all pages of such a list:
 * one query then knows 50 of them again, and their products are cached already.
 */
@Injectable()
export class ListStretches {
  constructor(@Inject(ProductsRepository) private readonly products: ProductsRepository) {}

  /** The products of one page of all products, the newest first. Undefined: no whole page. */
  async page(slice: Slice): Promise<KnownRow[] | undefined> {
    const place = placeOf(slice);
    return place && known((await this.all(place.stretch, slice.limit))[place.page], {});
  }

  /** The same of featured products. */
  async featuredPage(slice: Slice): Promise<KnownRow[] | undefined> {
    const place = placeOf(slice);
    return (
      place && known((await this.featured(place.stretch, slice.limit))[place.page], { rating: String(FEATURED_RATING) })
    );
  }

  @CacheQuery({ tags: listTags({}, '-created_at') })
  all(stretch: number, pageSize: number): Promise<string[]> {
    return this.products.stretch({ sql: 'true', values: [] }, sliceOf(stretch, pageSize), pageSize);
  }

  @CacheQuery({ tags: featuredTags() })
  featured(stretch: number, pageSize: number): Promise<string[]> {
    return this.products.stretch(FEATURED, sliceOf(stretch, pageSize), pageSize);
  }
}

function placeOf({ offset, limit }: Slice): { stretch: number; page: number } | undefined {
  if (offset % limit !== 0) return undefined;
  const page = offset / limit;
  return { stretch: Math.floor(page / PAGES), page: page % PAGES };
}

function sliceOf(stretch: number, pageSize: number): Slice {
  return { offset: stretch * PAGES * pageSize, limit: PAGES * pageSize };
}

/** @param also the JSON of what all of the list have in common */
function known(text: string | undefined, also: Record<string, string>): KnownRow[] {
  if (text === undefined) return [];
  const [ids, times] = JSON.parse(text) as Page;
  return ids.map((id, at) => {
    const fields: Record<string, string> = { created_at: JSON.stringify(shown(times[at]!)), ...also };
    return { id: String(id), field: (name) => fields[name]! };
  });
}

/** A time as rows show it: whole milliseconds, cut off. PostgreSQL knows some that are none in JavaScript, `infinity` for one. */
function shown(seconds: number | string): string | null {
  const date = new Date(Math.floor(Math.round(Number(seconds) * 1e6) / 1_000));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
