import { Get, Header, Inject, Query, UsePipes, ValidationPipe } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiRefusal } from '../api-refusal';
import { NoParameters } from '../../no-parameters';
import { CacheMetrics } from './cache-metrics';

const EXAMPLE = 'cache_requests_total{layer="view",tier="l1",outcome="hit"} 41020';

/** For Prometheus. CacheTelemetryModule puts a path, and whatever guards it, on a class of its own. */
@ApiTags('metrics')
@UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
export class CacheMetricsController {
  constructor(@Inject(CacheMetrics) private readonly metrics: CacheMetrics) {}

  @Get()
  @Header('cache-control', 'no-store')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  // Asked every few seconds by a machine: a line for each would bury the others.
  @RouteConfig({ quiet: true })
  @ApiOperation({ summary: 'What this node counted and timed, for Prometheus' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string', example: EXAMPLE } } } })
  @ApiRefusal({ 400: 'a parameter is unknown' })
  read(@Query() _query: NoParameters): Promise<string> {
    return this.metrics.text();
  }
}
