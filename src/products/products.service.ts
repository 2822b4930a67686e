import { Inject, Injectable } from '@nestjs/common';
import { CacheQuery, etagOf } from '../caching';
import { Problem } from '../http';
import { requireMatch } from './precondition';
import { RatesService } from '../rates';
import { ProductDetailDto, ProductDto } from './dto/product.dto';
import { Ordering, ProductFilter, ProductListQuery } from './dto/product-query.dto';
import { ProductStatsDto } from './dto/product-stats.dto';
import { ProductPatchDto, ProductWriteDto, RepricedDto, RepriceDto } from './dto/product-write.dto';
import { ALL_PRODUCTS, countTags, featuredTags, listTags, productTag, shownTags, statsTags } from './product.tags';
import { ProductsRepository, Slice } from './products.repository';

/** What the catalogue can be asked and told. */
@Injectable()
export class ProductsService {
  constructor(
    @Inject(ProductsRepository) private readonly products: ProductsRepository,
    @Inject(RatesService) private readonly rates: RatesService,
  ) {}

  async list(query: ProductListQuery): Promise<{ count: number; results: ProductDto[] }> {
    const { page, page_size, ordering, ...filter } = query;
    const [count, results] = await Promise.all([
      this.count(filter),
      this.page(filter, ordering, sliceOf(page, page_size)),
    ]);
    return { count, results };
  }

  async featured(page: number, pageSize: number): Promise<{ count: number; results: ProductDto[] }> {
    const [count, results] = await Promise.all([this.countFeatured(), this.featuredPage(sliceOf(page, pageSize))]);
    return { count, results };
  }

  @CacheQuery({ tags: (_count: number, filter: ProductFilter) => countTags(filter) })
  count(filter: ProductFilter): Promise<number> {
    return this.products.count(filter);
  }

  @CacheQuery({
    tags: (shown: ProductDto[], filter: ProductFilter, ordering: Ordering, _slice: Slice) => [
      ...listTags(filter, ordering),
      ...shownTags(shown),
    ],
    // The views of a page are in L2 already.
    inProcess: true,
  })
  async page(filter: ProductFilter, ordering: Ordering, slice: Slice): Promise<ProductDto[]> {
    return (await this.products.page(filter, ordering, slice)).map((product) => ProductDto.of(product));
  }

  @CacheQuery({ tags: featuredTags() })
  countFeatured(): Promise<number> {
    return this.products.countFeatured();
  }

  @CacheQuery({
    tags: (shown: ProductDto[], _slice: Slice) => [...featuredTags(), ...shownTags(shown)],
    inProcess: true,
  })
  async featuredPage(slice: Slice): Promise<ProductDto[]> {
    return (await this.products.featured(slice)).map((product) => ProductDto.of(product));
  }

  @CacheQuery({ tags: statsTags() })
  async stats(): Promise<ProductStatsDto> {
    const categories = await this.products.statsByCategory();
    return { count: categories.reduce((sum, category) => sum + category.count, 0), categories };
  }

  @CacheQuery({ tags: (_product: ProductDto | null, id: number) => [ALL_PRODUCTS, productTag(id)], inProcess: true })
  async find(id: number): Promise<ProductDto | null> {
    const product = await this.products.find(id);
    return product && ProductDto.of(product);
  }

  /** @throws Problem 404 */
  async get(id: number): Promise<ProductDto> {
    return known(await this.find(id), id);
  }

  /** @throws Problem 404; 400 for a currency without a rate; 503 without rates */
  async getIn(id: number, currency: string): Promise<ProductDetailDto> {
    const product = await this.get(id);
    const { rate, as_of, source } = await this.rates.rateOf(currency);
    return { ...product, price: roundTo(currency, product.price * rate), currency, exchange: { rate, as_of, source } };
  }

  async create(values: ProductWriteDto): Promise<ProductDto> {
    return ProductDto.of(await this.products.create(values));
  }

  /**
   * Sets what `values` holds. The row is locked from the look at its state to the commit, so of two writers with the same
   * If-Match exactly one wins.
   * @throws Problem 404; 412 when `ifMatch` names another state
   */
  update(id: number, values: ProductWriteDto | ProductPatchDto, ifMatch: string | undefined): Promise<ProductDto> {
    return this.products.withLocked(id, async (found, manager) => {
      const product = known(found, id);
      requireMatch(ifMatch, etagOf(ProductDto.of(product)));
      return ProductDto.of(await manager.save(Object.assign(product, values)));
    });
  }

  /** @throws Problem 404; 412 when `ifMatch` names another state */
  remove(id: number, ifMatch: string | undefined): Promise<void> {
    return this.products.withLocked(id, async (found, manager) => {
      const product = known(found, id);
      requireMatch(ifMatch, etagOf(ProductDto.of(product)));
      await manager.remove(product);
    });
  }

  async reprice({ category, percent }: RepriceDto): Promise<RepricedDto> {
    return { updated: await this.products.reprice(category, percent) };
  }
}

function known<T>(product: T | null, id: number): T {
  if (product === null) throw new Problem(404, `There is no product ${id}.`);
  return product;
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
