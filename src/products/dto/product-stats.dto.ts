import { ApiProperty } from '@nestjs/swagger';

export class CategoryStatsDto {
  @ApiProperty({ example: 'kitchen' })
  category!: string;

  @ApiProperty({ type: 'integer', example: 1104 })
  count!: number;

  @ApiProperty({ example: 3.99 })
  min_price!: number;

  @ApiProperty({ example: 166.31 })
  average_price!: number;

  @ApiProperty({ example: 899 })
  max_price!: number;

  @ApiProperty({ example: 3.74 })
  average_rating!: number;
}

export class ProductStatsDto {
  @ApiProperty({ type: 'integer', example: 10_000 })
  count!: number;

  @ApiProperty({ type: [CategoryStatsDto], description: 'By name of the category.' })
  categories!: CategoryStatsDto[];
}
