import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RatesModule } from '../rates';
import { Product } from './product.entity';
import { IdempotencyModule } from '../idempotency';
import { CursorPagesService } from './cursor-pages.service';
import { ListStretches } from './list-stretches';
import { ProductTotals } from './product-totals';
import { ProductWritesController } from './product-writes.controller';
import { ProductWritesRepository } from './product-writes.repository';
import { ProductWritesService } from './product-writes.service';
import { ProductRows } from './product-rows';
import { ProductsController } from './products.controller';
import { ProductsRepository } from './products.repository';
import { ProductsService } from './products.service';

@Module({
  imports: [TypeOrmModule.forFeature([Product]), RatesModule, IdempotencyModule],
  controllers: [ProductsController, ProductWritesController],
  providers: [
    CursorPagesService,
    ListStretches,
    ProductsRepository,
    ProductRows,
    ProductTotals,
    ProductsService,
    ProductWritesRepository,
    ProductWritesService,
  ],
  exports: [ProductRows],
})
export class ProductsModule {}
