import { ConflictException, Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ADMIN_OPTIONS, type CacheAdminOptions } from './admin.options';

/** One line of progress. */
export interface Warmed {
  readonly path: string;
  readonly status: number;
  /** Its Cache-Status: whether it was cached before. */
  readonly cache: string | null;
  readonly ms: number;
  readonly done: number;
  readonly total: number;
}

/** The last line. */
export interface WarmResult {
  readonly warmed: number;
  readonly failed: number;
  readonly ms: number;
}

/** Requests the configured pages as a client would: through routing, guards and the view cache. */
@Injectable()
export class Warmer implements OnModuleDestroy {
  private running = false;
  private closing = false;

  constructor(
    @Inject(ADMIN_OPTIONS) private readonly options: CacheAdminOptions,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  onModuleDestroy(): void {
    this.closing = true;
  }

  /**
   * One page at a time, to spare the database. Warming stops when the client disconnects.
   * @throws ConflictException while another runs
   */
  start(): AsyncGenerator<Warmed | WarmResult> {
    if (this.running) throw new ConflictException('The cache is already being warmed.');
    this.running = true;
    return this.run();
  }

  /** A generator that was never read never runs its `finally`, so the flag is cleared here. */
  release(): void {
    this.running = false;
  }

  private async *run(): AsyncGenerator<Warmed | WarmResult> {
    const { warm: paths = [] } = this.options;
    const began = performance.now();
    let [warmed, failed] = [0, 0];
    for (const [index, path] of paths.entries()) {
      if (this.closing) break;
      const page = await this.request(path);
      if (page.status === 200) warmed += 1;
      // A small catalogue has no fifth page; a 404 is not a failure.
      else if (page.status !== 404) failed += 1;
      yield { path, ...page, done: index + 1, total: paths.length };
    }
    yield { warmed, failed, ms: Math.round(performance.now() - began) };
  }

  private async request(path: string): Promise<Pick<Warmed, 'status' | 'cache' | 'ms'>> {
    const began = performance.now();
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    const { statusCode, headers } = await server.inject({ method: 'GET', url: path });
    const cache = headers['cache-status'];
    const ms = Math.round((performance.now() - began) * 10) / 10;
    return { status: statusCode, cache: typeof cache === 'string' ? cache : null, ms };
  }
}
