import { ConfigurableModuleBuilder, Inject, Injectable, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { Client, Notification, Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import type { CacheStack } from '../core/cache-stack';
import { CACHE_STACK, DEGRADED_AFTER_MS, TAG_CLOCK } from '../caching.tokens';
import { CacheError } from '../caching.errors';
import { withDeadline } from '../core/async/deadline';
import type { TagClock } from '../core/clock/tag-clock';
import { EDGE_HEADERS, type EdgeHeaders } from '../edge/edge-headers';
import { withKinds } from '../edge/edge-tags';
import type { DrainParticipant } from './drain/drain-participant';
import { Drainer } from './drain/drainer';
import { EvictionSubscriber } from './drain/eviction.subscriber';
import { InvalidationInterceptor } from './invalidation.interceptor';
import { clockId, acquireClockLock } from './drain/clock-lock';
import { DedicatedSession, type OutboxSession, PooledSession } from './drain/session';
import { TagRules } from './capture/tag-rules';
import { OutboxPoller } from './drain/outbox-poller';
import { CHANNEL } from './capture/outbox-table';
import { WriteScope } from './drain/write-scope';

/** Milliseconds. */
const LAST_LOOK = 1_000;

export interface EvictionOptions {
  /** The database has one session for all connections, and nobody else can have it open (PGlite). @default false */
  embedded?: boolean;
  /** This process keeps cached values. @default true */
  caches?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<EvictionOptions>()
  .setClassMethodName('forRoot')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/** The parts, put together. What health and metrics ask. */
@Injectable()
export class Eviction implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly rules: TagRules;
  readonly scope = new WriteScope();
  private readonly session: OutboxSession;
  private readonly drainer: Drainer;
  private readonly watch: OutboxPoller;

  constructor(
    @Inject(DataSource) dataSource: DataSource,
    @Inject(CACHE_STACK) { clock, events, options }: CacheStack,
    @Inject(MODULE_OPTIONS_TOKEN) { embedded = false, caches = true }: EvictionOptions,
  ) {
    const pool = (dataSource.driver as PostgresDriver).master as Pool;
    const id = clockId(options, caches);
    this.session = embedded
      ? new PooledSession(pool)
      : new DedicatedSession(pool.options, (client) => this.greet(client, id));
    this.rules = new TagRules(dataSource, (table, error) => events.emit('tagRuleFailed', table, error));
    this.drainer = new Drainer(this.session, this.rules, clock, events, options);
    this.watch = new OutboxPoller(this.drainer, clock, events, options.maxLag);
    new EvictionSubscriber(dataSource, this.drainer, this.rules, this.scope);
    // Law 6: before the clock is trusted again, what could not be stamped meanwhile. Here, because the clock starts first.
    clock.beforeTrust(() => this.drainer.drain());
  }

  /** Has somebody else hear of what is evicted, durably: one, before the application starts. */
  register(hook: DrainParticipant): void {
    this.drainer.participant = hook;
  }

  /** How long the oldest write has been waiting to be evicted; degraded: somebody should look. */
  status(): { oldestMs: number; degraded: boolean } {
    const { oldestMs } = this.drainer;
    return { oldestMs, degraded: oldestMs > DEGRADED_AFTER_MS };
  }

  /** @throws CacheError `CACHE_CLOCK_CONFLICT`, `CACHE_TABLE_UNWATCHED` */
  async onModuleInit(): Promise<void> {
    await this.rules.requireTriggers();
    await this.drainer.drain().catch((error: unknown) => {
      // All else passes: the watch goes on trying.
      if (error instanceof CacheError && error.code === 'CACHE_CLOCK_CONFLICT') throw error;
    });
    this.watch.start();
  }

  /** A last look, so that none is under way in the pool when that closes. Writers in flight may drain until they are answered. */
  async beforeApplicationShutdown(): Promise<void> {
    this.watch.stop();
    const look = this.drainer.drain().then(() => this.drainer.idle());
    await withDeadline(look, LAST_LOOK, 'the last look at the outbox').catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.session.close();
  }

  /** A new connection joins the clock before it may drain, and listens from then on. */
  private async greet(client: Client, id: number): Promise<void> {
    await acquireClockLock(client, id);
    await this.drainer.prepare(client);
    client.on('notification', ({ processId }: Notification) => {
      if (processId !== (client as { processID?: number }).processID) void this.drainer.drain().catch(() => undefined);
    });
    await client.query(`LISTEN ${CHANNEL}`);
  }
}

/** Every write evicts, whoever makes it. Import it beside CachingModule and TypeOrmModule. */
@Module({
  providers: [
    Eviction,
    {
      provide: APP_INTERCEPTOR,
      inject: [Eviction, TAG_CLOCK, { token: EDGE_HEADERS, optional: true }],
      useFactory: ({ scope, rules }: Eviction, clock: TagClock, edges?: EdgeHeaders) =>
        new InvalidationInterceptor(scope, rules, clock, edges?.sendsGroups ? withKinds : undefined),
    },
  ],
  exports: [Eviction],
})
export class EvictionModule extends ConfigurableModuleClass {}
