/** A service without any cache, as Nest's and TypeORM's documentation write it: `findOneBy`, then `save`. Prints where it listens. */
import 'reflect-metadata';
import {
  Body,
  Controller,
  Get,
  type INestApplication,
  Module,
  NotFoundException,
  Param,
  ParseIntPipe,
  Patch,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { Product } from '../../src/products/product.entity';

@Controller('api/products')
class PlainController {
  constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

  @Get(':id')
  async get(@Param('id', ParseIntPipe) id: number): Promise<Product> {
    const product = await this.products.findOneBy({ id });
    if (!product) throw new NotFoundException();
    return product;
  }

  @Patch(':id')
  async patch(@Param('id', ParseIntPipe) id: number, @Body() changes: Partial<Product>): Promise<Product> {
    const product = await this.get(id);
    return this.products.save(Object.assign(product, changes));
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Product], poolSize: 10 }),
    TypeOrmModule.forFeature([Product]),
  ],
  controllers: [PlainController],
})
class PlainModule {}

async function main(): Promise<void> {
  const app: INestApplication = await NestFactory.create<NestFastifyApplication>(PlainModule, new FastifyAdapter(), {
    logger: ['error', 'warn'],
  });
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}

void main();
