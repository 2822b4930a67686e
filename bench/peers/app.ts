import { Controller, type DynamicModule, Get, Module, ParseIntPipe, Query, UseInterceptors } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Product } from '../../src/products/product.entity';
import { ProductDto } from '../../src/products/dto/product.dto';
import { type Page, PAGE_SIZE, toPage } from '../../src/http';
import type { PeerCache } from './caches';

/** The list and nothing else: this service's own entity and form of a page by TypeORM's `findAndCount`, around a cache that is given. */
export function appWith(databaseUrl: string, { imports, interceptors }: PeerCache): DynamicModule {
  @Controller('api/products')
  @UseInterceptors(...interceptors)
  class ListController {
    constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

    @Get()
    async list(@Query('page', ParseIntPipe) page: number): Promise<Page<ProductDto>> {
      const [rows, count] = await this.products.findAndCount({
        order: { createdAt: 'DESC', id: 'DESC' },
        skip: (page - 1) * PAGE_SIZE,
        take: PAGE_SIZE,
      });
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
  };
}
