import { ApiProperty } from '@nestjs/swagger';
import type { Counts } from '../telemetry/outcome-counters';

class CountsDto implements Counts {
  @ApiProperty({ example: 41_020, description: 'Hits in this process.' })
  l1!: number;

  @ApiProperty({ example: 310, description: 'Hits in Redis.' })
  l2!: number;

  @ApiProperty({ example: 0, description: 'Past the TTL but not invalidated: served while one refresh ran.' })
  stale!: number;

  @ApiProperty({ example: 0, description: 'The source failed and an older entry was served.' })
  grace!: number;

  @ApiProperty({ example: 12, description: "Shared another caller's load." })
  collapsed!: number;

  @ApiProperty({ example: 498, description: 'Loads from the source.' })
  miss!: number;
}

class LayersDto {
  @ApiProperty({ type: CountsDto, description: 'Whole responses.' })
  view!: CountsDto;

  @ApiProperty({ type: CountsDto, description: 'Results of cached methods, requested by misses of the view layer.' })
  query!: CountsDto;

  @ApiProperty({ type: CountsDto, description: 'Rows, each cached by itself; requested by lists and details.' })
  entity!: CountsDto;

  @ApiProperty({ type: CountsDto, description: 'Entries that the application stores itself.' })
  store!: CountsDto;
}

class NodeDto {
  @ApiProperty({ example: 'catalogue-1:4711' })
  name!: string;

  @ApiProperty({ example: '2026-11-24T12:00:00.000Z' })
  started!: string;

  @ApiProperty({ enum: ['up', 'unavailable', 'none'], example: 'up' })
  redis!: 'up' | 'unavailable' | 'none';

  @ApiProperty({
    enum: ['live', 'unavailable'],
    description: 'unavailable: no proof for longer than maxLag, so L1 is not trusted.',
  })
  clock!: 'live' | 'unavailable';

  @ApiProperty({
    example: 'proved',
    description:
      '`proved`: every write is known to be stamped. Otherwise the code of the cause: nothing cached is served.',
  })
  trust!: string;

  @ApiProperty({ example: '8b7e4f0e-7f43-4f7e-8f3c-2f0c4b6ad4a1' })
  epoch!: string;

  @ApiProperty({ example: 1_204 })
  tick!: number;

  @ApiProperty({ enum: ['bounded', 'strict'] })
  consistency!: string;

  @ApiProperty({ type: [String], example: ['view', 'query'], description: 'The enabled layers.' })
  layers!: string[];
}

class L1Dto {
  @ApiProperty({ example: 1_240 })
  entries!: number;

  @ApiProperty({ example: 9_800_112 })
  bytes!: number;

  @ApiProperty({ example: 67_108_864 })
  max_bytes!: number;
}

class MinuteDto {
  @ApiProperty({ type: LayersDto })
  layers!: LayersDto;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 0.988,
    description: 'Of the outermost enabled layer; null: no reads.',
  })
  hit_ratio!: number | null;

  @ApiProperty({ example: 2_410, description: 'Requests, excluding those of this admin API.' })
  requests!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 0.31,
    description: 'Latency of whole requests in ms, within 5 %.',
  })
  p50!: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 4.2 })
  p99!: number | null;
}

class HotKeyDto {
  @ApiProperty({ example: 'view:/api/products{}{"page":1}' })
  key!: string;

  @ApiProperty({ example: 812, description: 'Halves every minute.' })
  reads!: number;
}

class HotTagDto {
  @ApiProperty({ example: 'product:42' })
  tag!: string;

  @ApiProperty({ example: 812, description: 'Reads of the hottest entries with this tag.' })
  reads!: number;

  @ApiProperty({ example: 3, description: 'Recent stamps by this node.' })
  evictions!: number;
}

/** Snapshot of one node. */
export class OverviewDto {
  @ApiProperty({ example: '2026-11-24T12:00:00.000Z' })
  at!: string;

  @ApiProperty({ type: NodeDto })
  node!: NodeDto;

  @ApiProperty({ type: L1Dto })
  l1!: L1Dto;

  @ApiProperty({ example: 41_838, description: 'Requests since the start, excluding those of this admin API.' })
  requests!: number;

  @ApiProperty({ type: LayersDto })
  since_start!: LayersDto;

  @ApiProperty({ type: MinuteDto })
  last_minute!: MinuteDto;

  @ApiProperty({ type: [HotKeyDto] })
  top_keys!: HotKeyDto[];

  @ApiProperty({ type: [HotTagDto] })
  top_tags!: HotTagDto[];
}
