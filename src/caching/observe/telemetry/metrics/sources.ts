import type { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import type { CacheStack } from '../../../core/cache-stack';
import type { Measures } from '../measures';

/** Where metrics come from, and where they go. */
export interface Sources {
  readonly registry: Registry;
  readonly stack: CacheStack;
  readonly measures: Measures;
  readonly dataSource?: DataSource;
  /** Runs when the metrics are closed. */
  readonly closeLater: (end: () => void) => void;
}
