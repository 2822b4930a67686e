import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { StaleReason } from '../../core/clock/tag-clock';
import type { Tier } from '../../core/store/entry';

/** Longest key and tag accepted in a request, in characters. */
export const MAX_KEY = 1_000;
export const MAX_TAG = 256;
const MAX_LIMIT = 200;

export class EntryParams {
  @ApiProperty({ maxLength: MAX_KEY, example: 'view:/api/products/stats{}{}', description: 'URL-encoded.' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_KEY)
  key!: string;
}

export class EntriesQuery {
  @ApiPropertyOptional({ maxLength: MAX_TAG, example: 'products', description: 'Entries with this tag.' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TAG)
  tag?: string;

  @ApiPropertyOptional({ maxLength: MAX_KEY, example: 'view:', description: 'Entries whose keys have this prefix.' })
  @IsOptional()
  @IsString()
  @MaxLength(MAX_KEY)
  prefix?: string;

  @ApiPropertyOptional({ example: '0', description: 'The `next` of the previous page.' })
  @IsOptional()
  @IsString()
  @Matches(/^\d{1,15}(:\d{1,20})?$/, { message: '$property must be the next of a previous page' })
  cursor?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIMIT)
  limit = 100;
}

export class StaleReasonDto {
  @ApiProperty({ enum: ['expired', 'epoch', 'floor', 'stamped', 'unacknowledged'], example: 'stamped' })
  why!: StaleReason['why'] | 'expired';

  @ApiProperty({ type: String, nullable: true, example: 'product:42', description: 'The stamped tag.' })
  tag!: string | null;
}

/** One entry. Bodies are never shown. Users stand in keys and tags as pseudonyms. */
export class EntryDto {
  @ApiProperty({ example: 'view:/api/products/stats{}{}' })
  key!: string;

  @ApiProperty({
    enum: ['l1', 'l2'],
    isArray: true,
    example: ['l1', 'l2'],
    description: 'The tiers that hold the entry.',
  })
  tiers!: readonly Tier[];

  @ApiProperty({ type: [String], example: ['table:products', 'products'] })
  tags!: string[];

  @ApiProperty({
    example: '8b7e4f0e-7f43-4f7e-8f3c-2f0c4b6ad4a1',
    description: 'The epoch of the clock in which it was read.',
  })
  epoch!: string;

  @ApiProperty({ example: 1204, description: 'The clock tick at which its source was read.' })
  tick!: number;

  @ApiProperty({ example: 9_412, description: 'Bytes in L1, including compressed variants.' })
  bytes!: number;

  @ApiProperty({ example: '2026-11-24T12:00:00.000Z' })
  created_at!: string;

  @ApiProperty({ example: 287, description: 'Seconds of TTL left; negative: expired, retained for grace.' })
  ttl!: number;

  @ApiProperty({ example: true, description: 'Whether it would be served as a hit.' })
  fresh!: boolean;

  @ApiProperty({
    type: StaleReasonDto,
    nullable: true,
    example: null,
    description: 'Why it would not be served; null: it would.',
  })
  stale_because!: StaleReasonDto | null;
}

export class EntryPageDto {
  @ApiProperty({ type: [EntryDto], description: 'A page may be short or empty while there is a `next`.' })
  entries!: EntryDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    example: '100',
    description: 'Cursor of the next page; null: this was the last.',
  })
  next!: string | null;
}
