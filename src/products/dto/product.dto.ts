import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PageOf } from '../../http';
import { Product } from '../product.entity';

/** A product as the API shows it. */
export class ProductDto {
  @ApiProperty({ type: 'integer', minimum: 1, readOnly: true, example: 42 })
  id!: number;

  @ApiProperty({ example: 'Copper Kettle 42' })
  name!: string;

  @ApiProperty({ example: 39.9, description: 'In US dollars, with at most two decimals.' })
  price!: number;

  @ApiProperty({ example: 'Kettle from our kitchen shelf.' })
  description!: string;

  @ApiProperty({ example: 'kitchen' })
  category!: string;

  @ApiProperty({ type: 'integer', example: 12 })
  stock!: number;

  @ApiProperty({ example: 4.61, minimum: 0, maximum: 5 })
  rating!: number;

  @ApiProperty({ format: 'date-time', readOnly: true, example: '2025-11-03T09:24:11.120Z' })
  created_at!: string;

  @ApiProperty({
    format: 'date-time',
    readOnly: true,
    example: '2026-01-17T16:02:54.009Z',
    description: 'When it was last written, by whichever program.',
  })
  updated_at!: string;

  static of(product: Product): ProductDto {
    return {
      id: product.id,
      name: product.name,
      price: product.price,
      description: product.description,
      category: product.category,
      stock: product.stock,
      rating: product.rating,
      created_at: product.createdAt.toISOString(),
      updated_at: product.updatedAt.toISOString(),
    };
  }
}

export class ProductPageDto extends PageOf(ProductDto) {}

/** How `price` came about where the request names a currency. */
export class ExchangeDto {
  @ApiProperty({ example: 0.86, description: 'Units of the currency for one US dollar.' })
  rate!: number;

  @ApiProperty({ example: '2026-11-20' })
  as_of!: string;

  @ApiProperty({
    enum: ['api', 'shipped'],
    description: 'shipped: no RATES_URL is set, this is the table of the project.',
  })
  source!: string;
}

/** One product; with `?currency` its price is in that currency, and `exchange` says how. */
export class ProductDetailDto extends ProductDto {
  @ApiPropertyOptional({ example: 'EUR' })
  currency?: string;

  @ApiPropertyOptional({ type: ExchangeDto })
  exchange?: ExchangeDto;
}
