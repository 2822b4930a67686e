import { Inject, Injectable } from '@nestjs/common';
import { CacheService, EntityCache } from '../caching';
import { ProductDto } from './dto/product.dto';
import { Product } from './product.entity';
import { ProductsRepository } from './products.repository';

/** The products, each cached by itself: what lists, details and dashboards are made from. */
@Injectable()
export class ProductRows {
  readonly cache: EntityCache;

  constructor(@Inject(CacheService) caching: CacheService, @Inject(ProductsRepository) products: ProductsRepository) {
    this.cache = caching.rows(Product, (sql, values) => products.rows(sql, values));
  }

  async find(id: number): Promise<ProductDto | null> {
    const json = await this.cache.get(id);
    return json === null ? null : (JSON.parse(json) as ProductDto);
  }
}
