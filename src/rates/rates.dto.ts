import { ApiProperty } from '@nestjs/swagger';

export class RatesDto {
  @ApiProperty({ example: 'USD' })
  base!: string;

  @ApiProperty({ example: '2026-01-02', description: 'The day the rates are of.' })
  as_of!: string;

  @ApiProperty({
    enum: ['api', 'shipped'],
    description: 'shipped: no RATES_URL is set, this is the table of the project.',
  })
  source!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' }, example: { EUR: 0.852, JPY: 156.8 } })
  rates!: Record<string, number>;
}
