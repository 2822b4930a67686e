import {
  Controller,
  type DynamicModule,
  Get,
  Inject,
  Module,
  ParseIntPipe,
  Query,
  UseInterceptors,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Product } from '../../src/products/product.entity';
import { ProductDto } from '../../src/products/dto/product.dto';
import { ProductsRepository } from '../../src/products/products.repository';
import { type Page, PAGE_SIZE, toPage } from '../../src/http';
import type { PeerCache } from './caches';

/** The list and nothing else: this service's own entity, SQL and form of a page, around a cache that is given. */
export function appWith(databaseUrl: string, { imports, interceptors }: PeerCache): DynamicModule {
  @Controller('api/products')
  @UseInterceptors(...interceptors)
  class ListController {
    constructor(@Inject(ProductsRepository) private readonly products: ProductsRepository) {}

    @Get()
    async list(@Query('page', ParseIntPipe) page: number): Promise<Page<ProductDto>> {
      const [count, rows] = await Promise.all([
        this.products.count({}),
        this.products.page({}, '-created_at', { offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }),
      ]);
      const linkTo = (other: number): string => `/api/products?page=${other}`;
      return toPage(
        count,
        rows.map((row) => ProductDto.of(row)),
        { page, pageSize: PAGE_SIZE, linkTo },
      );
    }
  }

  @Module({})
  class PeerModule {}

  return {
    module: PeerModule,
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, entities: [Product], poolSize: 10 }),
      TypeOrmModule.forFeature([Product]),
      ...imports,
    ],
    controllers: [ListController],
    providers: [ProductsRepository],
  };
}
