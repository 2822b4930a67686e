import { ApiProperty } from '@nestjs/swagger';
import { PageOf } from '../http';
import { ProductDto } from '../products';

export class DashboardSummaryDto {
  @ApiProperty({ type: 'integer', example: 3 })
  watched!: number;

  @ApiProperty({ type: 'integer', example: 2, description: 'How many of them are in stock.' })
  in_stock!: number;

  @ApiProperty({ example: 119.7, description: 'Their prices together, in US dollars.' })
  total_price!: number;
}

export class WatchedProductDto extends ProductDto {
  @ApiProperty({ format: 'date-time', example: '2026-02-01T10:00:00.000Z', description: 'When it came on the list.' })
  watched_at!: string;
}

export class DashboardDto extends PageOf(WatchedProductDto) {
  @ApiProperty({ example: 'alice' })
  user!: string;

  @ApiProperty({ type: DashboardSummaryDto })
  summary!: DashboardSummaryDto;
}
