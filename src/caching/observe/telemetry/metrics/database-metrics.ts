import { Histogram } from 'prom-client';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import { QueryTimer } from '../query-timer';
import type { Sources } from './sources';

/** What the cache is there to spare. */
export function databaseMetrics({ registry, dataSource, closeLater }: Sources): void {
  const query = new Histogram({
    name: 'database_query_duration_seconds',
    help: 'Statements that went through TypeORM: read, write, or other (transactions). Waiting for a connection not included.',
    labelNames: ['kind', 'result'],
    buckets,
    registers: [registry],
  });
  if (!dataSource) return;
  const timer = new QueryTimer(dataSource, (kind, ms, ok) =>
    query.observe({ kind, result: ok ? 'ok' : 'failed' }, ms / 1_000),
  );
  closeLater(() => timer.close());
}
