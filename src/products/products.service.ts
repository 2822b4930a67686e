import { Inject, Injectable } from '@nestjs/common';
import { etagOf, Problem, requireMatch } from '../http';
import { RatesService } from '../rates';
import { ProductDetailDto, ProductDto } from './dto/product.dto';
import { ProductListQuery } from './dto/product-query.dto';
import { ProductStatsDto } from './dto/product-stats.dto';
import { ProductPatchDto, ProductWriteDto, RepricedDto, RepriceDto } from './dto/product-write.dto';
import { Product } from './product.entity';
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
    const [count, products] = await Promise.all([
      this.products.count(filter),
      this.products.page(filter, ordering, sliceOf(page, page_size)),
    ]);
    return { count, results: products.map((product) => ProductDto.of(product)) };
  }

  async featured(page: number, pageSize: number): Promise<{ count: number; results: ProductDto[] }> {
    const [count, products] = await Promise.all([
      this.products.countFeatured(),
      this.products.featured(sliceOf(page, pageSize)),
    ]);
    return { count, results: products.map((product) => ProductDto.of(product)) };
  }

  async stats(): Promise<ProductStatsDto> {
    const categories = await this.products.statsByCategory();
    return { count: categories.reduce((sum, category) => sum + category.count, 0), categories };
  }

  /** @throws Problem 404 */
  async get(id: number): Promise<ProductDto> {
    return ProductDto.of(known(await this.products.find(id), id));
  }

  /** @throws Problem 404; 400 for a currency without a rate; 503 without rates */
  async getIn(id: number, currency: string): Promise<ProductDetailDto> {
    const product = await this.get(id);
    const { rate, as_of, source } = await this.rates.rateOf(currency);
    return { ...product, price: roundToCents(product.price * rate), currency, exchange: { rate, as_of, source } };
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

function known(product: Product | null, id: number): Product {
  if (!product) throw new Problem(404, `There is no product ${id}.`);
  return product;
}

function sliceOf(page: number, pageSize: number): Slice {
  return { offset: (page - 1) * pageSize, limit: pageSize };
}

/** Halves go up, and the binary noise of the product (1.005 * 100 is 100.49…) is taken off first. */
function roundToCents(amount: number): number {
  return Number((Math.round(Number((amount * 100).toPrecision(15))) / 100).toFixed(2));
}
