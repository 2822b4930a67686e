import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import type { CacheStack } from '../../../core/cache-stack';
import type { RequestStats } from '../request-stats';

/** What the metrics read from, and the registry they go to. */
export interface Sources {
  readonly registry: Registry;
  readonly stack: CacheStack;
  readonly stats: RequestStats;
  readonly dataSource?: DataSource;
  /** Runs when the metrics are closed. */
  readonly closeLater: (end: () => void) => void;
}
