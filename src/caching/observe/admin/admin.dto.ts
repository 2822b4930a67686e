import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { MAX_TAG } from './entry.dto';

const MAX_TAGS = 100;
/** Seconds. */
const MAX_LIVE = 86_400;

export class EvictDto {
  @ApiProperty({ type: [String], minItems: 1, maxItems: MAX_TAGS, example: ['product:42', 'products:featured'] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_TAGS)
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(MAX_TAG, { each: true })
  tags!: string[];
}

export class LiveQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIVE,
    example: 2,
    description:
      'Ends after this many seconds; otherwise when the token expires, the connection closes or the process stops.',
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIVE)
  seconds?: number;
}

/** The clock instant of the invalidation: every older entry with one of the tags is stale, on every node. */
export class StampDto {
  @ApiProperty({ example: '8b7e4f0e-7f43-4f7e-8f3c-2f0c4b6ad4a1', description: 'The epoch of the clock.' })
  epoch!: string;

  @ApiProperty({ example: 1205 })
  tick!: number;
}

export class EvictedDto extends StampDto {
  @ApiProperty({ type: [String], example: ['product:42', 'products:featured'], description: 'The stamped tags.' })
  tags!: string[];
}

export class DeletedDto {
  @ApiProperty({ example: 'view:/api/products/stats{}{}' })
  key!: string;

  @ApiProperty({
    example: true,
    description: 'Whether this node or L2 had the entry. Other nodes are notified in either case.',
  })
  found!: boolean;
}
