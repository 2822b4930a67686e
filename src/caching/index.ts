export { CacheAdminModule } from './observe/admin/admin.module';
export type { CacheAdminOptions } from './observe/admin/admin.options';
export { CacheHealth, type PartHealth } from './observe/health';
export { CachingModule } from './caching.module';
export { clearCache } from './clear-cache';
export { CacheService } from './cache.service';
export { CACHE_MANAGER, CACHE_STACK, TAG_CLOCK } from './caching.tokens';
export { CACHE_ERRORS, CacheError, type CacheErrorCode } from './caching.errors';
export { CacheEventBus, type CacheEventName, type CacheEvents, type EvictionReason } from './caching.events';
export type { CachingOptions, Duration, ResolvedOptions, Size } from './caching.options';
export { CacheQuery, type QueryOptions } from './read/query/cache-query.decorator';
export { CachesRows, rowsDefinitionOf } from './core/rows/caches-rows.decorator';
export { type Field, field } from './core/rows/field-kinds';
export type { CachesRowsOptions, RowId, RowsDefinition } from './core/rows/rows-definition';
export type { FieldText } from './core/rows/row-texts';
export { EntityCache } from './read/entity/entity-cache';
export type {
  CountedRows,
  KnownRow,
  KnownRows,
  PlaceOf,
  RowList,
  SelectedRow,
  SelectRows,
} from './read/entity/row-list';
export { withItems } from './read/entity/items';
export { CacheView, type ViewOptions } from './read/view/cache-view.decorator';
export { etagOf, type Preconditions, preconditionsHold } from './read/view/response/etag';
export type { ViewSettings } from './read/view/view-settings';
export { EdgeModule, EdgePurges } from './write/edge.module';
export type { EdgeOptions } from './edge/edge.options';
export { PurgeError, type Purger } from './write/purge/purger';
export { createPurgeQueue, dropPurgeQueue } from './write/purge/table';
export { CacheStack } from './core/cache-stack';
export { Coalesced } from './core/async/coalesced';
export { loadSignal } from './core/async/waiters';
export { Recent } from './core/async/recent';
export {
  EvictsTags,
  type RowChange,
  type RowImage,
  tableTag,
  type TagRule,
} from './write/capture/evicts-tags.decorator';
export { Eviction, EvictionModule, type EvictionOptions } from './write/eviction.module';
export { createOutbox, dropOutbox, upgradeOutbox } from './write/capture/outbox-table';
export { unwatchTable, watchTable, type WatchOptions } from './write/capture/triggers';
export { redisScript } from './core/redis/script';
export { withoutCredentials } from './core/redis/redis-target';
export {
  type Body,
  type CacheEntry,
  type CacheResult,
  type Loaded,
  type Loader,
  type LoadMany,
  type Outcome,
  publicTags,
  type Tier,
} from './core/store/entry';
export type { EntryInfo, EntryPage, EntryQuery } from './core/store/inspector';
export type { CachePolicy, ManyPolicy } from './core/store/policy';
export { CacheMetrics } from './observe/telemetry/cache-metrics';
export { openTelemetryTracing } from './observe/telemetry/open-telemetry';
export { CacheTelemetryModule } from './observe/telemetry/telemetry.module';
export type { CacheTelemetryOptions } from './observe/telemetry/telemetry.options';
export { TieredStore } from './core/store/tiered-store';
export type { Instant, StaleReason, TagClock } from './core/clock/tag-clock';
export * from './settings';
export { userTag } from './core/clock/user-tag';
export { DependencyTracker } from './core/clock/dependency-tracker';
export type { SpanAttributes, SpanName, Tracing } from './tracing';
