import { Controller, Get, Header, Inject, Query, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  HealthCheckResult,
  HealthCheckService,
  HealthIndicatorResult,
  HealthIndicatorService,
  TypeOrmHealthIndicator,
} from '@nestjs/terminus';
import { Eviction } from '../caching';
import { ApiProblems, NoQuery, Problem } from '../http';

/** Longest the database may take to say hello, in ms. */
const PING_TIMEOUT = 1_000;

const EXAMPLE = {
  status: 'ok',
  info: { database: { status: 'up' }, eviction: { status: 'up', degraded: false, oldest_ms: 0 } },
  error: {},
  details: { database: { status: 'up' }, eviction: { status: 'up', degraded: false, oldest_ms: 0 } },
};

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(TypeOrmHealthIndicator) private readonly database: TypeOrmHealthIndicator,
    @Inject(Eviction) private readonly eviction: Eviction,
  ) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Is the process alive? It needs nothing else for that' })
  @ApiOkResponse({ schema: { type: 'object', example: { status: 'ok' } } })
  live(@Query() _query: NoQuery): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Can it answer? Needs the database' })
  @ApiOkResponse({ schema: { type: 'object', example: EXAMPLE } })
  @ApiProblems({ 503: 'a part it cannot do without is away; details names it' })
  async ready(@Query() _query: NoQuery): Promise<HealthCheckResult> {
    try {
      return await this.health.check([
        () => this.database.pingCheck('database', { timeout: PING_TIMEOUT }),
        () => this.evicting(),
      ]);
    } catch (error) {
      if (error instanceof ServiceUnavailableException) throw notReady(error.getResponse() as HealthCheckResult);
      throw error;
    }
  }

  /** Never down: answers are right without it, only less of them can be cached. Degraded: writes wait to be evicted for over 5 s. */
  private evicting(): HealthIndicatorResult {
    const { degraded, oldestMs } = this.eviction.status();
    return this.indicators.check('eviction').up({ degraded, oldest_ms: Math.round(oldestMs) });
  }
}

function notReady({ details }: HealthCheckResult): Problem {
  const down = Object.keys(details).filter((part) => details[part]?.status === 'down');
  const members = { details: Object.fromEntries(Object.entries(details).map(([part, { status }]) => [part, status])) };
  return new Problem(503, `Not ready: ${down.join(', ')}.`, { members });
}
