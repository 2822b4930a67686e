import { Histogram } from 'prom-client';
import { BOUNDS_SECONDS as buckets } from '../buckets';
import { QueryTimer } from '../query-timer';
import type { Sources } from './sources';

/** The database load that the cache saves. */
export function databaseMetrics({ registry, dataSource, closeLater }: Sources): void {
  const query = new Histogram({
    name: 'database_query_duration_seconds',
    help: 'Statements sent through TypeORM: read, write or other (transactions). Excludes waiting for a connection.',
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
