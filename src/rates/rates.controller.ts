import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CacheView } from '../caching';
import { ApiProblems, NoQuery } from '../http';
import { RatesDto } from './rates.dto';
import { RatesService } from './rates.service';

@ApiTags('rates')
@Controller('api/rates')
export class RatesController {
  constructor(@Inject(RatesService) private readonly rates: RatesService) {}

  @Get()
  @CacheView({ shared: true, edge: '1m' })
  @ApiOperation({ operationId: 'listRates', summary: 'Exchange rates that prices can be converted by' })
  @ApiOkResponse({ type: RatesDto })
  @ApiProblems({ 400: 'there are no parameters', 503: 'the rates API does not respond' })
  list(@Query() _query: NoQuery): Promise<RatesDto> {
    return this.rates.rates();
  }
}
