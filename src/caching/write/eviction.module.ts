import { ConfigurableModuleBuilder, Inject, Injectable, Module, Optional } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
import type { CacheStack } from '../core/cache-stack';
import type { CacheErrorCode } from '../caching.errors';
import { CACHE_STACK, DEGRADED_AFTER_MS, TAG_CLOCK } from '../caching.tokens';
import { withDeadline } from '../core/async/deadline';
import { fixedClock } from '../core/clock/clock-identity';
import type { StampInstant, TagClock } from '../core/clock/tag-clock';
import { EDGE_HEADERS, type EdgeHeaders } from '../edge/edge-headers';
import type { DrainParticipant } from './drain/drain-participant';
import { Drainer } from './drain/drainer';
import { EvictionSubscriber } from './drain/eviction.subscriber';
import { InvalidationInterceptor } from './invalidation.interceptor';
import { ClockMembership, longestSilence } from './drain/clock-lock';
import { dataSourcesOf, refuseOthers, sessionTarget, writePoolOf } from './drain/data-source';
import { databaseIdentity } from './drain/database-identity';
import { DedicatedSession } from './drain/dedicated-session';
import { refusalOf } from './drain/refusals';
import { type OutboxSession, PooledSession } from './drain/session';
import { SessionStart } from './drain/session-start';
import { TagRules } from './capture/tag-rules';
import { OutboxPoller } from './drain/outbox-poller';
import { subscribe } from '../subscribe';
import { WriteScope } from './drain/write-scope';
import { WriterWait } from './drain/writer-wait';

/** Milliseconds. */
const LAST_POLL = 1_000;
/** A process that was killed, or whose host is gone, counts as live for some seconds: wait longer before saying that another is in the way. */
const CONFLICT_PATIENCE = 5_000;
const CONFLICTS: readonly CacheErrorCode[] = ['CACHE_SOURCE_CONFLICT', 'CACHE_CLOCK_CONFLICT'];
const CONFLICT_MARGIN = 1_000;
const CONFLICT_PAUSE = 250;

export interface EvictionOptions {
  /** The database has one session for all connections, and no other process can have it open (PGlite). @default false */
  embedded?: boolean;
  /** This process keeps cached values. @default true */
  caches?: boolean;
  /** The database itself, where the DataSource's own URL leads to a transaction pooler. @default none */
  directUrl?: string;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<EvictionOptions>()
  .setClassMethodName('forRoot')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/** The parts, put together. What health and metrics read. */
@Injectable()
export class Eviction implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly rules: TagRules;
  readonly scope = new WriteScope();
  /** Responses of writes name what their transaction invalidated: shared caches know responses by such names (RFC 9875). */
  readonly namesGroups: boolean;
  private readonly session: OutboxSession;
  private readonly drainer: Drainer;
  private readonly poller: OutboxPoller;
  private readonly membership: ClockMembership;

  constructor(
    @Inject(DataSource) private readonly dataSource: DataSource,
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(MODULE_OPTIONS_TOKEN) { embedded = false, caches = true, directUrl }: EvictionOptions,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Optional() @Inject(EDGE_HEADERS) edges?: EdgeHeaders,
  ) {
    const { clock, events, trust, ledger } = stack;
    writePoolOf(dataSource);
    const cachesNothing = !caches && !stack.redis;
    const identity = cachesNothing ? fixedClock('nothing cached') : stack.identity;
    this.membership = new ClockMembership(identity, ledger, longestSilence(trust.lifetime));
    const wake = (): void => void this.drainer.drain().catch(() => undefined);
    const writesTo = directUrl === undefined ? undefined : () => databaseIdentity(writePoolOf(dataSource));
    const start = new SessionStart(this.membership, (client) => this.drainer.prepare(client), wake, writesTo);
    this.session = embedded
      ? new PooledSession(() => writePoolOf(dataSource))
      : new DedicatedSession(
          () => sessionTarget(dataSource, directUrl),
          (client, config) => start.run(client, config),
        );
    this.rules = new TagRules(
      dataSource,
      (table, error) => events.emit('tagRuleFailed', table, error),
      (tags) => clock.tagTexts(tags),
    );
    this.drainer = new Drainer(this.session, this.rules, stack, (tags) => this.stamp(tags));
    const confirm = (epoch: string): void => this.confirm(epoch);
    const reset = (): void => this.session.reset();
    this.poller = new OutboxPoller(this.drainer, stack, ledger, () => start.facts, confirm, reset, this.rules.tables);
    this.namesGroups = edges?.sendsGroups ?? false;
    const options = { announces: directUrl === undefined, namesGroups: this.namesGroups };
    const wait = new WriterWait(this.drainer, this.session, stack);
    subscribe(dataSource, new EvictionSubscriber(wait, this.rules, this.scope, options));
    if (!embedded) trust.requireProof();
    // Law 6: before the clock is trusted again, what could not be stamped meanwhile. Here, because the clock starts first.
    clock.beforeTrust(async () => void (await this.drainer.drain()));
  }

  /** Registers what has to learn, durably, of invalidated tags: one, before the application starts. */
  register(hook: DrainParticipant): void {
    this.drainer.participant = hook;
  }

  /** How long the oldest write has been waiting to be stamped; degraded: an operator should read the log. */
  status(): { oldestMs: number; degraded: boolean } {
    const { oldestMs } = this.drainer;
    return { oldestMs, degraded: oldestMs > DEGRADED_AFTER_MS };
  }

  /** @throws CacheError whatever a restart would not cure: see `REFUSALS` */
  async onModuleInit(): Promise<void> {
    refuseOthers(this.dataSource, dataSourcesOf(this.modules, this.dataSource));
    await this.rules.requireTriggers();
    this.stack.clock.deriveTags((tag) => this.rules.omittedBy(tag));
    await this.firstProof();
    this.poller.start();
  }

  /** A last poll, so that none is under way in the pool when that closes. Writers in flight may drain until they are acknowledged. */
  async beforeApplicationShutdown(): Promise<void> {
    this.poller.stop();
    const poll = this.poller.prove().finally(() => this.drainer.idle());
    await withDeadline(poll, LAST_POLL, 'the last poll of the outbox').catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await withDeadline(this.stack.ledger.leave(), LAST_POLL, 'leaving the database').catch(() => undefined);
    await this.session.close();
  }

  private async firstProof(): Promise<void> {
    const silence = longestSilence(this.stack.trust.lifetime);
    const until = performance.now() + Math.max(CONFLICT_PATIENCE, silence + CONFLICT_MARGIN);
    for (;;) {
      const refusal = refusalOf(await this.poller.prove().then(() => undefined, asIs));
      // All else passes: the poller goes on trying.
      if (!refusal) return;
      if (!CONFLICTS.includes(refusal.code) || performance.now() > until) throw refusal;
      await sleep(CONFLICT_PAUSE);
    }
  }

  private async stamp(tags: readonly string[]): Promise<StampInstant> {
    const stamped = await this.stack.clock.stamp(tags);
    this.confirm(stamped.epoch);
    return stamped;
  }

  /** @throws CacheError `CACHE_CLOCK_CONFLICT`: the next session joins again, or is refused */
  private confirm(epoch: string): void {
    try {
      this.membership.confirm(epoch);
    } catch (error) {
      this.session.reset();
      throw error;
    }
  }
}

/** Every committed write invalidates, whichever client makes it. Import it beside CachingModule and TypeOrmModule. */
@Module({
  providers: [
    Eviction,
    {
      provide: APP_INTERCEPTOR,
      inject: [Eviction, TAG_CLOCK],
      useFactory: ({ scope, rules }: Eviction, clock: TagClock) => new InvalidationInterceptor(scope, rules, clock),
    },
  ],
  exports: [Eviction],
})
export class EvictionModule extends ConfigurableModuleClass {}

function asIs(error: unknown): unknown {
  return error;
}
