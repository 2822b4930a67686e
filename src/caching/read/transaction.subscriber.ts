import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { ClientBase } from 'pg';
import { DataSource, type EntitySubscriberInterface, type QueryRunner } from 'typeorm';
import type { BeforeQueryEvent } from 'typeorm/subscriber/event/QueryEvent';
import type { TransactionStartEvent } from 'typeorm/subscriber/event/TransactionStartEvent';
import { CACHE_STACK } from '../caching.tokens';
import type { CacheStack } from '../core/cache-stack';
import type { DependencySet } from '../core/clock/dependency-tracker';
import { subscribe } from '../subscribe';
import { Replicas } from './replicas';
import { bypassTypeormCache } from './typeorm-cache';

const BEGINS = /^\s*(begin|start)\b/i;

/**
 * Finds the reads that run inside an open transaction of TypeORM, in two ways. Calls that follow `startTransaction()` are known
 * by their async context, and bypass the cache. Where that is lost (a hand-written BEGIN, a transaction begun inside a
 * helper), the statements of a load are checked: what it has read in a transaction is neither stored nor shared. Nor is what it
 * has read on a replica's connection.
 */
@Injectable()
export class TransactionSubscriber implements EntitySubscriberInterface, OnModuleInit {
  /** The load, if any, that a transaction was begun in: it may store what that transaction reads. */
  private readonly begunIn = new WeakMap<QueryRunner, DependencySet | undefined>();
  private readonly replicas: Replicas;

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
  ) {
    this.replicas = new Replicas(stack.dependencies);
  }

  onModuleInit(): void {
    const instances = this.discovery.getProviders().map(({ instance }): unknown => instance);
    for (const instance of new Set(instances)) {
      if (!(instance instanceof DataSource)) continue;
      subscribe(instance, this);
      this.replicas.avoid(instance);
      bypassTypeormCache(instance, this.stack.dependencies);
    }
  }

  /** TypeORM calls this before it first waits, so in the context of the caller of `startTransaction()`. */
  beforeTransactionStart({ queryRunner }: TransactionStartEvent): void {
    this.stack.transactions.enter(queryRunner);
  }

  /** The end of a savepoint too: then the transaction is still active. */
  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.stack.transactions.leave(queryRunner);
  }

  afterTransactionRollback(event: { queryRunner: QueryRunner }): void {
    this.afterTransactionCommit(event);
  }

  beforeQuery({ query, queryRunner }: BeforeQueryEvent): Promise<void> | undefined {
    const load = this.stack.dependencies.current();
    if (BEGINS.test(query)) this.begunIn.set(queryRunner, load);
    else if (load) return this.noteRead(queryRunner);
    return undefined;
  }

  private async noteRead(queryRunner: QueryRunner): Promise<void> {
    const client = (await queryRunner.connect()) as Partial<ClientBase>;
    // The server's own word, where the driver has it: it knows of a hand-written BEGIN too.
    const isOpen = client.getTransactionStatus
      ? client.getTransactionStatus() !== 'I'
      : queryRunner.isTransactionActive;
    if (this.replicas.has(client)) this.stack.dependencies.markUncommitted(undefined);
    else if (isOpen) this.stack.dependencies.markUncommitted(this.begunIn.get(queryRunner));
  }
}
