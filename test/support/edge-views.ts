import {
  Controller,
  Get,
  Inject,
  Injectable,
  type ModuleMetadata,
  NotFoundException,
  Query,
  Req,
} from '@nestjs/common';
import { CacheService, CacheView, type EdgeOptions } from '../../src/caching';
import { EDGE_HEADERS, EdgeHeaders } from '../../src/caching/edge/edge-headers';
import { TAG_HEADERS } from '../../src/caching/edge/edge-kinds';
import type { RawAnswer } from './http';
import { type CachedApp, cachedApp } from './nest-app';

const FOR_EDGES = [...TAG_HEADERS, 'cdn-cache-control', 'surrogate-control', 'cloudflare-cdn-cache-control'];

@Injectable()
export class State {
  fails = false;
  whileLoading: () => Promise<void> = () => Promise.resolve();
}

@Controller()
class Views {
  constructor(
    @Inject(CacheService) private readonly cache: CacheService,
    @Inject(State) private readonly state: State,
  ) {}

  @Get('page') @CacheView({ shared: true, edge: true }) page(@Query('n') _n?: string): object {
    this.cache.addTags(['page', 'table:pages']);
    return { text: 'x'.repeat(2_000) };
  }

  @Get('minute') @CacheView({ shared: true, edge: '1m', browser: '10s' }) minute(): object {
    return {};
  }

  @Get('brief') @CacheView({ shared: true, edge: true, ttl: '20s' }) brief(): object {
    return {};
  }

  @Get('open') @CacheView({ edge: true }) open(): object {
    this.cache.addTags(['open']);
    return {};
  }

  @Get('plain') @CacheView({ shared: true }) plain(): object {
    this.cache.addTags(['plain']);
    return {};
  }

  @Get('mine') @CacheView({ private: true }) mine(@Req() _request: unknown): object {
    this.cache.addTags(['mine']);
    return {};
  }

  @Get('gone') @CacheView({ shared: true, edge: true }) gone(): object {
    this.cache.addTags(['gone']);
    throw new NotFoundException();
  }

  @Get('slow') @CacheView({ shared: true, edge: true }) async slow(@Query('n') _n?: string): Promise<object> {
    this.cache.addTags(['slow']);
    if (this.state.fails) throw new Error('the source is away');
    await this.state.whileLoading();
    return {};
  }
}

function edge(options: EdgeOptions): NonNullable<ModuleMetadata['imports']>[number] {
  class Edge {}
  const provide = [{ provide: EDGE_HEADERS, useValue: EdgeHeaders.of(options) }];
  return { module: Edge, global: true, providers: provide, exports: [EDGE_HEADERS] };
}

/** An application with views of every sort behind such an edge. */
export function appBehind(options?: EdgeOptions, caching: object = {}): Promise<CachedApp> {
  return cachedApp({
    controllers: [Views],
    providers: [State],
    imports: options ? [edge(options)] : [],
    caching: { ...caching, view: { user: (request) => request.headers.authorization } },
  });
}

const url = 'http://127.0.0.1:1';
export const KINDS: Record<string, EdgeOptions> = {
  none: {},
  varnish: { purge: 'varnish', url },
  fastly: { purge: 'fastly', url, token: 't' },
  cloudflare: { purge: 'cloudflare', url, token: 't' },
};
/** What an answer tells caches; the seconds that are left of about five minutes are N. */
export function told({ headers }: RawAnswer): Record<string, string> {
  const names = ['cache-control', ...FOR_EDGES].filter((name) => headers[name] !== undefined);
  const seconds = /(?<=, s-maxage=|^max-age=)2\d\d|300/;
  return Object.fromEntries(names.map((name) => [name, String(headers[name]).replace(seconds, 'N')]));
}

/** No shared cache may keep it, or purge it: it says nothing to them. */
export function expectNothingForEdges(answer: RawAnswer): void {
  expect(Object.keys(told(answer)).filter((name) => name !== 'cache-control')).toEqual([]);
  expect(answer.headers['cache-control'] ?? 'no-store').not.toMatch(/s-maxage|stale/);
}
