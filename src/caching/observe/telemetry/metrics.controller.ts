import { Get, Header, Inject, Query, UsePipes, ValidationPipe } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiRefusal } from '../api-refusal';
import { NoParameters } from '../no-parameters';
import { CacheMetrics } from './cache-metrics';

const EXAMPLE = 'cache_requests_total{layer="view",tier="l1",outcome="hit"} 41020';

/** The Prometheus endpoint. CacheTelemetryModule mounts it under a path with the application's decorators. */
@ApiTags('metrics')
@UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
export class CacheMetricsController {
  constructor(@Inject(CacheMetrics) private readonly metrics: CacheMetrics) {}

  @Get()
  @Header('cache-control', 'no-store')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  // Scraped every few seconds: a log line each time would bury the others.
  @RouteConfig({ quiet: true })
  @ApiOperation({ operationId: 'getMetrics', summary: 'Metrics of this node in the Prometheus text format' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string', example: EXAMPLE } } } })
  @ApiRefusal({ 400: 'a parameter is unknown' })
  read(@Query() _query: NoParameters): Promise<string> {
    return this.metrics.text();
  }
}
