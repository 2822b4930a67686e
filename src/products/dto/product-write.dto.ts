import { ApiProperty, ApiPropertyOptional, IntersectionType, PartialType } from '@nestjs/swagger';
import { IsInt, IsISO8601, IsOptional, Matches, Max, Min } from 'class-validator';
import { IsDecimal, PlainText } from '../../http';
import { CATEGORY, MAX_DESCRIPTION, MAX_ID, MAX_NAME, MAX_PRICE, MAX_RATING, MAX_STOCK } from './limits';

/** The body of `POST`: everything of a product that a caller decides. */
export class ProductWriteDto {
  @ApiProperty({ minLength: 1, maxLength: MAX_NAME, example: 'Copper Kettle' })
  @PlainText(1, MAX_NAME)
  name!: string;

  @ApiProperty({
    minimum: 0,
    maximum: MAX_PRICE,
    example: 39.9,
    description: 'In US dollars, with at most two decimals.',
  })
  @Max(MAX_PRICE)
  @Min(0)
  @IsDecimal(2)
  price!: number;

  @ApiProperty({ maxLength: MAX_DESCRIPTION, example: 'Boils a litre in two minutes.' })
  @PlainText(0, MAX_DESCRIPTION)
  description!: string;

  @ApiProperty({ pattern: CATEGORY.source, example: 'kitchen' })
  @Matches(CATEGORY, { message: '$property must be lower-case words joined by dashes, of at most 100 letters' })
  category!: string;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: MAX_STOCK, example: 12 })
  @Max(MAX_STOCK)
  @Min(0)
  @IsInt()
  stock!: number;

  @ApiProperty({ minimum: 0, maximum: MAX_RATING, example: 4.6, description: 'With at most two decimals.' })
  @Max(MAX_RATING)
  @Min(0)
  @IsDecimal(2)
  rating!: number;
}

/** What a product has beside that: taken where it is sent back unchanged. */
export class ReadOnlyFieldsDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_ID, readOnly: true, example: 42 })
  @IsOptional()
  @IsInt()
  id?: number;

  @ApiPropertyOptional({ format: 'date-time', readOnly: true, example: '2025-11-03T09:24:11.120Z' })
  @IsOptional()
  @IsISO8601({ strict: true })
  created_at?: string;

  @ApiPropertyOptional({ format: 'date-time', readOnly: true, example: '2026-01-17T16:02:54.009Z' })
  @IsOptional()
  @IsISO8601({ strict: true })
  updated_at?: string;
}

/** The body of `PUT`. */
export class ProductReplaceDto extends IntersectionType(ProductWriteDto, ReadOnlyFieldsDto) {}

/** Any field of a product, none of them null. */
export class ProductPatchDto extends PartialType(ProductWriteDto, { skipNullProperties: false }) {}

/** The body of `PATCH`. */
export class ProductMergeDto extends IntersectionType(ProductPatchDto, ReadOnlyFieldsDto) {}

/** The body of `POST /api/products/reprice`. */
export class RepriceDto {
  @ApiProperty({ pattern: CATEGORY.source, example: 'kitchen' })
  @Matches(CATEGORY, { message: '$property must be lower-case words joined by dashes, of at most 100 letters' })
  category!: string;

  @ApiProperty({
    minimum: -99,
    maximum: 1000,
    example: -5,
    description: 'Added to every price of the category, in percent: -5 makes 20.00 to 19.00.',
  })
  @Max(1000)
  @Min(-99)
  @IsDecimal(2)
  percent!: number;
}

export class RepricedDto {
  @ApiProperty({ type: 'integer', example: 1100, description: 'Products whose price was set.' })
  updated!: number;
}
