export { CacheAdminModule } from './admin/admin.module';
export type { CacheAdminOptions } from './admin/admin.options';
export { CacheHealth, type PartHealth } from './cache-health';
export { CachingModule } from './caching.module';
export { CacheService } from './cache.service';
export { CACHE_MANAGER, CACHE_STACK, TAG_CLOCK } from './caching.constants';
export { CACHE_ERRORS, CacheError, type CacheErrorCode } from './caching.errors';
export { CacheEventBus, type CacheEventName, type CacheEvents, type EvictionReason } from './caching.events';
export type { CachingOptions, Duration, ResolvedOptions, Size } from './caching.options';
export { CacheQuery, type QueryOptions } from './query/cache-query.decorator';
export { CacheView, type ViewOptions } from './view/cache-view.decorator';
export { etagOf, matchesIfMatch } from './view/etag';
export type { ViewSettings } from './view/view-settings';
export { EdgeModule, EdgePurges } from './edge/edge.module';
export type { EdgeGroups } from './edge/edge-groups';
export type { EdgeKind, EdgeOptions, TagHeader } from './edge/edge.options';
export { PurgeError, type Purger } from './edge/purger';
export { createPurgeQueue, dropPurgeQueue } from './edge/purge-table';
export { CacheStack } from './cache-stack';
export { Coalesced } from './coalesced';
export { EvictsTags, type RowChange, type RowImage, tableTag, type TagRule } from './eviction/evicts-tags';
export { Eviction, EvictionModule, type EvictionOptions } from './eviction/eviction.module';
export { createOutbox, dropOutbox, unwatchTable, watchTable, type WatchOptions } from './eviction/watch-table';
export type { RedisTarget } from './redis/redis-target';
export {
  type Body,
  type CacheEntry,
  type CacheResult,
  type Loaded,
  type Loader,
  type Outcome,
  publicTags,
  type Tier,
} from './store/entry';
export type { EntryInfo, EntryPage, EntryQuery } from './store/inspector';
export type { CachePolicy } from './store/policy';
export { CacheMetrics } from './telemetry/cache-metrics';
export { openTelemetryTracing } from './telemetry/open-telemetry';
export { CacheTelemetryModule } from './telemetry/telemetry.module';
export type { CacheTelemetryOptions } from './telemetry/telemetry.options';
export { TieredStore } from './store/tiered-store';
export type { Instant, StaleReason, TagClock } from './tags/tag-clock';
export { TagScope } from './tags/tag-scope';
export type { SpanAttributes, SpanName, Tracing } from './tracing';
