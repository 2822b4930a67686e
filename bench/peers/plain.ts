/**
 * A service without any cache, as Nest's and TypeORM's documentation write it: `findAndCount`, `findOneBy`, then `save`. Where GUARDED is "yes"
 * a PATCH needs an editor's token and a valid body. Prints where it listens.
 */
import 'reflect-metadata';
import {
  Body,
  Controller,
  DefaultValuePipe,
  Get,
  type INestApplication,
  Module,
  NotFoundException,
  Param,
  ParseFloatPipe,
  ParseIntPipe,
  Patch,
  Query,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { LessThanOrEqual, type Repository } from 'typeorm';
import { JWT_SECRET } from '../../test/support/strata-process';
import { ProductPatchDto } from '../../src/products/dto/product-write.dto';
import { Product } from '../../src/products/product.entity';
import { EditorGuard } from './editor.guard';

const PAGE_SIZE = 50;
const guarded = process.env.GUARDED === 'yes';
const guards = guarded ? [EditorGuard] : [];
/** Without it, the body is not looked at. */
const validation = guarded
  ? [new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true })]
  : [];

@Controller('api/products')
class PlainController {
  constructor(@InjectRepository(Product) private readonly products: Repository<Product>) {}

  @Get()
  async list(
    @Query('page', new DefaultValuePipe(1), ParseIntPipe) page: number,
    @Query('max_price', new ParseFloatPipe({ optional: true })) maxPrice?: number,
  ): Promise<{ count: number; results: Product[] }> {
    const [results, count] = await this.products.findAndCount({
      ...(maxPrice !== undefined && { where: { price: LessThanOrEqual(maxPrice) } }),
      order: { createdAt: 'DESC', id: 'DESC' },
      skip: (page - 1) * PAGE_SIZE,
      take: PAGE_SIZE,
    });
    return { count, results };
  }

  @Get(':id')
  async get(@Param('id', ParseIntPipe) id: number): Promise<Product> {
    const product = await this.products.findOneBy({ id });
    if (!product) throw new NotFoundException();
    return product;
  }

  @Patch(':id')
  @UseGuards(...guards)
  async patch(@Param('id', ParseIntPipe) id: number, @Body(...validation) changes: ProductPatchDto): Promise<Product> {
    const product = await this.get(id);
    return this.products.save(Object.assign(product, changes));
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, entities: [Product], poolSize: 10 }),
    TypeOrmModule.forFeature([Product]),
    JwtModule.register({ secret: JWT_SECRET }),
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
