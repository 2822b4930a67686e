import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches, MaxLength, ValidateBy, ValidationArguments } from 'class-validator';
import {
  BooleanParam,
  DecimalParam,
  IntegerParam,
  MaxWords,
  NotBelow,
  PageQuery,
  PlainText,
  SizedPageQuery,
} from '../../http';
import { CATEGORY, MAX_ID, MAX_PRICE, MAX_RATING } from './limits';

const MAX_CURSOR = 2_000;

export const ORDERINGS = [
  '-created_at',
  'created_at',
  'price',
  '-price',
  'rating',
  '-rating',
  'name',
  '-name',
] as const;
export type Ordering = (typeof ORDERINGS)[number];

/** The column that an ordering follows first. */
export function columnOf(ordering: Ordering): 'created_at' | 'price' | 'rating' | 'name' {
  return ordering.replace('-', '') as ReturnType<typeof columnOf>;
}

export function reversed(ordering: Ordering): Ordering {
  return (ordering.startsWith('-') ? ordering.slice(1) : `-${ordering}`) as Ordering;
}

/** After the product 9951 of the newest first. */
const CURSOR_SAMPLE = 'WyItY3JlYXRlZF9hdCIsMCwiMjAyNi0wMS0wMVQwMDowMDowMC4wMDBaIiw5OTUxXQ';

/** `?cursor`, of a length that holds the longest name. */
function CursorParam(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      minLength: 1,
      maxLength: MAX_CURSOR,
      examples: ['*', CURSOR_SAMPLE],
      description:
        'Pages by place instead of `page`: begin with `*` and follow the links. Their cost does not grow with depth, and no insert shifts them.',
    }),
    IsOptional(),
    Matches(/^(\*|[\w-]+)$/, { message: '$property must be *, or come from a next or previous link' }),
    MaxLength(MAX_CURSOR),
    WithoutPage(),
  );
}

/** A place instead of a number: both at once say two things. */
function WithoutPage(): PropertyDecorator {
  const validate = (_: unknown, args?: ValidationArguments): boolean => (args?.object as PageQuery).page === 1;
  return ValidateBy({ name: 'withoutPage', validator: { validate } }, { message: '$property goes without page' });
}

/** The query of `GET /api/products/featured`. */
export class FeaturedQuery extends PageQuery {
  @CursorParam()
  cursor?: string;
}

/** The query of `GET /api/products`. */
export class ProductListQuery extends SizedPageQuery {
  @CursorParam()
  cursor?: string;

  @ApiPropertyOptional({ pattern: CATEGORY.source, description: 'Such as kitchen.' })
  @IsOptional()
  @Matches(CATEGORY, { message: '$property must be lower-case words joined by dashes' })
  category?: string;

  @ApiPropertyOptional({ type: Number, minimum: 0, maximum: MAX_PRICE, description: 'In US dollars.' })
  @IsOptional()
  @DecimalParam(0, MAX_PRICE, 2)
  min_price?: number;

  @ApiPropertyOptional({ type: Number, minimum: 0, maximum: MAX_PRICE, description: 'In US dollars.' })
  @IsOptional()
  @NotBelow('min_price')
  @DecimalParam(0, MAX_PRICE, 2)
  max_price?: number;

  @ApiPropertyOptional({ type: Number, minimum: 0, maximum: MAX_RATING })
  @IsOptional()
  @DecimalParam(0, MAX_RATING, 2)
  min_rating?: number;

  @ApiPropertyOptional({ type: Boolean })
  @IsOptional()
  @BooleanParam()
  in_stock?: boolean;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 100,
    description: 'Up to 8 words that all occur in the name or the description, such as copper kettle.',
  })
  @IsOptional()
  @MaxWords(8)
  @PlainText(1, 100)
  search?: string;

  @ApiPropertyOptional({ enum: ORDERINGS, default: '-created_at', description: 'A leading - is descending.' })
  @IsIn(ORDERINGS, { message: `$property must be one of ${ORDERINGS.join(', ')}` })
  ordering: Ordering = '-created_at';
}

/** The query of `GET /api/products/:id`. */
export class ProductDetailQuery {
  @ApiPropertyOptional({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code to convert the price to, such as EUR.' })
  @IsOptional()
  @Matches(/^[A-Z]{3}$/, { message: '$property must be three capital letters, such as EUR' })
  currency?: string;
}

export class ProductParams {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_ID, example: 42 })
  @IntegerParam(1, MAX_ID)
  id!: number;
}

/** What narrows a list. */
export type ProductFilter = Omit<ProductListQuery, 'page' | 'page_size' | 'ordering' | 'cursor'>;

export function filterOf({
  category,
  min_price,
  max_price,
  min_rating,
  in_stock,
  search,
}: ProductFilter): ProductFilter {
  return { category, min_price, max_price, min_rating, in_stock, search };
}
