import { ConflictException, Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ADMIN_OPTIONS, type CacheAdminOptions } from './admin.options';

/** One line of progress. */
export interface Warmed {
  readonly path: string;
  readonly status: number;
  /** Its Cache-Status: whether it was there already. */
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

/** Asks for what most readers ask for first, as any reader would: through routing, guards and the view cache. */
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
   * One at a time, and one page after the other: it is there to spare the database. Whoever stops listening stops it.
   * @throws ConflictException while another runs
   */
  start(): AsyncGenerator<Warmed | WarmResult> {
    if (this.running) throw new ConflictException('The cache is being warmed already.');
    this.running = true;
    return this.run();
  }

  /** A generator that nobody has begun to read is never ended either. */
  release(): void {
    this.running = false;
  }

  private async *run(): AsyncGenerator<Warmed | WarmResult> {
    const { warm: paths = [] } = this.options;
    const began = performance.now();
    let [warmed, failed] = [0, 0];
    for (const [index, path] of paths.entries()) {
      if (this.closing) break;
      const page = await this.ask(path);
      if (page.status === 200) warmed += 1;
      // A small catalogue has no fifth page: that is no failure.
      else if (page.status !== 404) failed += 1;
      yield { path, ...page, done: index + 1, total: paths.length };
    }
    yield { warmed, failed, ms: Math.round(performance.now() - began) };
  }

  private async ask(path: string): Promise<Pick<Warmed, 'status' | 'cache' | 'ms'>> {
    const began = performance.now();
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    const { statusCode, headers } = await server.inject({ method: 'GET', url: path });
    const cache = headers['cache-status'];
    const ms = Math.round((performance.now() - began) * 10) / 10;
    return { status: statusCode, cache: typeof cache === 'string' ? cache : null, ms };
  }
}
