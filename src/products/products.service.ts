import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery, type FieldText, type KnownRows, type RowList } from '../caching';
import { Problem } from '../http';
import { RatesService } from '../rates';
import { ProductDetailDto, ProductDto } from './dto/product.dto';
import { columnOf, filterOf, Ordering, ProductFilter, ProductListQuery } from './dto/product-query.dto';
import { ProductStatsDto } from './dto/product-stats.dto';
import { ListStretches } from './list-stretches';
import { FEATURED, placeIn, placeInFeatured, Slice } from './product-lists';
import { ProductRows } from './product-rows';
import { ProductTotals } from './product-totals';
import { countTags, featuredTags, listTags, pageTags, statsTags } from './product.tags';
import { isSpanned } from './spans';
import { ProductsRepository } from './products.repository';

/** A page of a list: the JSON of each of its products. */
export interface JsonPage {
  readonly count: number;
  readonly texts: string[];
}

/** Reads of the catalogue. */
@Injectable()
export class ProductsService {
  constructor(
    @Inject(ProductsRepository) private readonly products: ProductsRepository,
    @Inject(ProductRows) private readonly rows: ProductRows,
    @Inject(ProductTotals) private readonly totals: ProductTotals,
    @Inject(ListStretches) private readonly stretches: ListStretches,
    @Inject(RatesService) private readonly rates: RatesService,
  ) {}

  /**
   * A list is cached with its count where both change with the same products, and one statement reads them. A page by price or rating and
   * its count change with different products, so each is cached by itself. Page 1 always exists, so it is read beside the count.
   */
  async list(query: ProductListQuery): Promise<JsonPage> {
    const { page, page_size, ordering } = query;
    const filter = filterOf(query);
    const slice = sliceOf(page, page_size);
    if (!isSpanned(columnOf(ordering))) return this.counted(filter, ordering, slice);
    const results = (): Promise<string[]> => this.page(filter, ordering, slice);
    if (page === 1) return together(this.count(filter), results());
    return inTurn(await this.count(filter), slice, results);
  }

  featured(page: number, pageSize: number): Promise<JsonPage> {
    const slice = sliceOf(page, pageSize);
    const known = (): Promise<KnownRows | undefined> => this.stretches.featuredPage(slice);
    const list = { key: ['featured', slice] as const, tags: featuredTags(), placeOf: placeInFeatured, known };
    return this.rows.cache.counted(list, () => this.products.countedPage(FEATURED, '-created_at', slice));
  }

  @CacheQuery({ tags: (_count: number, filter: ProductFilter) => countTags(filter) })
  count(filter: ProductFilter): Promise<number> {
    return this.products.count(filter);
  }

  private page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<string[]> {
    return this.rows.cache.list(listOf(filter, ordering, slice), () => this.products.page(filter, ordering, slice));
  }

  private counted(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<JsonPage> {
    const list = {
      ...listOf(filter, ordering, slice),
      ...(ordering === '-created_at' && isUnfiltered(filter) && { known: () => this.stretches.page(slice) }),
    };
    return this.rows.cache.counted(list, () => this.products.countedPage(filter, ordering, slice));
  }

  @CacheQuery({ tags: statsTags() })
  async stats(): Promise<ProductStatsDto> {
    const categories = await this.totals.statsByCategory();
    return { count: categories.reduce((sum, category) => sum + category.count, 0), categories };
  }

  /** @throws Problem 404 */
  async get(id: number): Promise<ProductDto> {
    return known(await this.rows.find(id), id);
  }

  /** @throws Problem 404; 400 for a currency without a rate; 503 without rates */
  async getIn(id: number, currency: string): Promise<ProductDetailDto> {
    const product = await this.get(id);
    const { rate, as_of, source } = await this.rates.rateOf(currency);
    return { ...product, price: roundTo(currency, product.price * rate), currency, exchange: { rate, as_of, source } };
  }
}

function known<T>(product: T | null, id: number): T {
  if (product === null) throw new Problem(404, `There is no product ${id}.`);
  return product;
}

function listOf(filter: ProductFilter, ordering: Ordering, slice: Slice): RowList {
  const column = columnOf(ordering);
  const ends = (rows: readonly FieldText[]): boolean => rows.length < slice.limit;
  const tags = isSpanned(column)
    ? (rows: readonly FieldText[]) => pageTags(filter, ordering, ends(rows) ? undefined : Number(rows.at(-1)!(column)))
    : listTags(filter, ordering);
  return { key: ['page', filter, ordering, slice], tags, placeOf: placeIn(filter, ordering) };
}

function isUnfiltered(filter: ProductFilter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

function sliceOf(page: number, pageSize: number): Slice {
  return { offset: (page - 1) * pageSize, limit: pageSize };
}

/** As many decimals as the currency has: yen have none. The binary noise of the product is taken off before it is rounded. */
function roundTo(currency: string, amount: number): number {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  const scale = 10 ** digits;
  return Math.round(Number((amount * scale).toPrecision(15))) / scale;
}

async function together(counting: Promise<number>, page: Promise<string[]>): Promise<JsonPage> {
  const [count, texts] = await Promise.all([counting, page]);
  return { count, texts };
}

async function inTurn(count: number, { offset }: Slice, page: () => Promise<string[]>): Promise<JsonPage> {
  return { count, texts: offset < count ? await page() : [] };
}
