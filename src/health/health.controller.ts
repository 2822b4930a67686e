import { Controller, Get, Header, Inject, Query, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  HealthCheckResult,
  HealthCheckService,
  HealthIndicatorService,
  TypeOrmHealthIndicator,
} from '@nestjs/terminus';
import { CacheHealth, Eviction, type PartHealth, Recent } from '../caching';
import { ApiProblems, NoQuery, Problem } from '../http';
import { Departure } from './departure';

/** Of a check, in ms. */
const MAX_AGE = 1_000;
/** Longest the database may take to say hello, in ms. */
const PING_TIMEOUT = 1_000;

const DETAILS = {
  database: { status: 'up' },
  eviction: { status: 'up', degraded: false, oldest_ms: 0 },
  redis: { status: 'up', degraded: true, state: 'unavailable' },
  breaker: { status: 'up', degraded: false, state: 'closed' },
  clock: { status: 'up', degraded: true, state: 'unavailable' },
};
const EXAMPLE = { status: 'ok', degraded: ['redis', 'clock'], info: DETAILS, error: {}, details: DETAILS };

/** `degraded`: parts that it does without for now. */
type Readiness = HealthCheckResult & { degraded: string[] };

@ApiTags('health')
@Controller('health')
export class HealthController {
  /** Checked at most once a second, for all callers: each check takes a connection. */
  private readonly recent = new Recent<Readiness>(MAX_AGE);

  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(TypeOrmHealthIndicator) private readonly database: TypeOrmHealthIndicator,
    @Inject(Eviction) private readonly eviction: Eviction,
    @Inject(CacheHealth) private readonly cache: CacheHealth,
    @Inject(Departure) private readonly departure: Departure,
  ) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getLiveness', summary: 'Is the process alive? It needs nothing else for that' })
  @ApiOkResponse({ schema: { type: 'object', example: { status: 'ok' } } })
  live(@Query() _query: NoQuery): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Whether this node can serve requests. It needs the database; `degraded` names other unavailable parts',
  })
  @ApiOkResponse({ schema: { type: 'object', example: EXAMPLE } })
  @ApiProblems({ 503: 'a required part is unavailable; details names it' })
  ready(@Query() _query: NoQuery): Promise<Readiness> {
    if (this.departure.isAnnounced) throw new Problem(503, 'Not ready: shutting down.');
    return this.recent.get(() => this.check());
  }

  /** @throws Problem 503 */
  private async check(): Promise<Readiness> {
    const parts = Object.entries(this.parts());
    try {
      const result = await this.health.check([
        () => this.database.pingCheck('database', { timeout: PING_TIMEOUT }),
        ...parts.map(
          ([name, part]) =>
            () =>
              this.indicators.check(name).up(part),
        ),
      ]);
      return { ...result, degraded: parts.filter(([, { degraded }]) => degraded).map(([name]) => name) };
    } catch (error) {
      if (error instanceof ServiceUnavailableException) throw notReady(error.getResponse() as HealthCheckResult);
      throw error;
    }
  }

  /** Never `down`: responses are right without these parts, and fewer are cached. Eviction is degraded when a write waits for its stamp for over 5 s. */
  private parts(): Record<string, PartHealth> {
    const { degraded, oldestMs } = this.eviction.status();
    return { eviction: { degraded, oldest_ms: Math.round(oldestMs) }, ...this.cache.parts() };
  }
}

function notReady({ details }: HealthCheckResult): Problem {
  const down = Object.keys(details).filter((part) => details[part]?.status === 'down');
  const members = { details: Object.fromEntries(Object.entries(details).map(([part, { status }]) => [part, status])) };
  return new Problem(503, `Not ready: ${down.join(', ')}.`, { members });
}
