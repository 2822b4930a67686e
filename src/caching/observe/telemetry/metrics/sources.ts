import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import type { CacheStack } from '../../../core/cache-stack';
import type { RequestStats } from '../request-stats';

/** Where metrics come from, and where they go. */
export interface Sources {
  readonly registry: Registry;
  readonly stack: CacheStack;
  readonly stats: RequestStats;
  readonly dataSource?: DataSource;
  /** Runs when the metrics are closed. */
  readonly closeLater: (end: () => void) => void;
}
