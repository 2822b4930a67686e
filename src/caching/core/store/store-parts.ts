import type { CacheEventBus } from '../../caching.events';
import type { TagClock } from '../clock/tag-clock';
import type { DependencyTracker } from '../clock/dependency-tracker';
import type { Time } from '../async/time';
import type { TransactionScope } from '../async/transaction-scope';
import type { Tracing } from '../../tracing';
import type { FillLock } from './load/fill-lock';
import type { Freshness } from './freshness';
import type { L1 } from './tiers/l1';
import type { L2 } from './tiers/l2';
import type { PolicyDefaults } from './policy';
import type { Backoff } from '../async/backoff';
import type { mayShareResult } from './load/coalesced-loads';

/** The parts of a TieredStore. Without Redis, `l2` and `lock` are undefined. */
export interface StoreParts {
  readonly clock: TagClock;
  readonly dependencies: DependencyTracker;
  readonly transactions: TransactionScope;
  readonly freshness: Freshness;
  readonly l1: L1;
  readonly l2?: L2;
  readonly lock?: FillLock;
  /** Whether no other node is known that could load the same. */
  readonly isAlone: () => boolean;
  readonly events: CacheEventBus;
  readonly time: Time;
  readonly tracing: Tracing;
  /** In [0, 1): decides the jitter. */
  readonly random: () => number;
  readonly defaults: PolicyDefaults;
  /** Milliseconds to wait for another node's load before loading as well. */
  readonly fillWait: number;
  /** How long a failed source is not queried again. */
  readonly backOff: Backoff;
  /** The rule of Law 5. Only the test that proves the rule necessary replaces it. */
  readonly mayShareResult?: typeof mayShareResult;
}
