import { type BeforeApplicationShutdown, ConfigurableModuleBuilder, Inject, Injectable, Logger } from '@nestjs/common';
import { Module, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { CacheStack } from '../core/cache-stack';
import { CACHE_STACK } from '../caching.tokens';
import { withDeadline } from '../core/async/deadline';
import { writePoolOf } from './drain/data-source';
import type { DrainParticipant } from './drain/drain-participant';
import { Eviction } from './eviction.module';
import { createPurger } from './purge/create-purger';
import { EDGE_HEADERS, EdgeHeaders } from '../edge/edge-headers';
import { EVERYTHING } from '../edge/edge-tags';
import { type EdgeOptions, resolveEdge } from '../edge/edge.options';
import { PurgeQueue, queueing } from './purge/queue';
import { PurgeWorker } from './purge/worker';

/** All in ms. What a request in flight may take from our socket into the edge's cache. */
const IN_FLIGHT = 1_000;
const QUEUE_DEADLINE = 500;
const LAST_LOOK = 1_000;

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<EdgeOptions>()
  .setClassMethodName('forRoot')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/** What is evicted here is purged at the edge: by every drain, in its transaction, and by each caller of `evict()` without one. */
@Injectable()
export class EdgePurges implements DrainParticipant, OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Edge');
  private readonly queue: PurgeQueue;
  /** Undefined where no edge is purged: then nothing is queued either. */
  private readonly worker?: PurgeWorker;

  constructor(
    @Inject(DataSource) dataSource: DataSource,
    @Inject(CACHE_STACK) { store, clock, ledger, events, options: { maxLag, consistency } }: CacheStack,
    @Inject(Eviction) eviction: Eviction,
    @Inject(MODULE_OPTIONS_TOKEN) options: EdgeOptions,
  ) {
    this.queue = new PurgeQueue(() => writePoolOf(dataSource));
    const purger = createPurger(resolveEdge(options), clock);
    if (!purger) return;
    const echoAfter = (consistency === 'strict' ? 0 : 2 * maxLag) + IN_FLIGHT;
    this.worker = new PurgeWorker(this.queue, purger, events, echoAfter);
    eviction.register(this);
    store.onInvalidate((tags) => this.add(tags ?? [EVERYTHING]));
    // No trigger fired, so no drain has queued what changed.
    ledger.onDataChange(() => this.add([EVERYTHING]));
  }

  record(tags: readonly string[]): string {
    return queueing(tags);
  }

  committed(): void {
    void this.worker?.run();
  }

  /** @throws CacheError `CACHE_OPTIONS` */
  async onModuleInit(): Promise<void> {
    if (!this.worker) return;
    await this.queue.requireTable();
    this.worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.worker?.stop();
    if (this.worker) await withDeadline(this.worker.run(), LAST_LOOK, 'the last purge').catch(() => undefined);
  }

  /** Without a transaction to be part of it is done as well as can be: the caller's eviction holds in any case. */
  private async add(tags: readonly string[]): Promise<void> {
    try {
      await withDeadline(this.queue.add(tags), QUEUE_DEADLINE, 'queueing a purge');
      this.committed();
    } catch (error) {
      this.logger.warn({ err: error, tags: tags.slice(0, 10) }, 'an invalidation was not queued for the edge');
    }
  }
}

/** Shared caches: the headers of responses for them, and their purges. Import it beside EvictionModule. */
@Module({
  providers: [
    EdgePurges,
    {
      provide: EDGE_HEADERS,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: EdgeOptions) => EdgeHeaders.of(options),
    },
  ],
  exports: [EdgePurges, EDGE_HEADERS],
})
export class EdgeModule extends ConfigurableModuleClass {}
