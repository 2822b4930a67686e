import type { ExecutionContext, PipeTransform } from '@nestjs/common';
import {
  HEADERS_METADATA,
  HOST_METADATA,
  HTTP_CODE_METADATA,
  REDIRECT_METADATA,
  RENDER_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants';
import { FASTIFY_ROUTE_CONSTRAINTS_METADATA } from '@nestjs/platform-fastify/constants';
import type { FastifyRequest } from 'fastify';
import { boundedKey, canonicalText } from '../../canonical';
import { CacheError } from '../../../caching.errors';
import { type Duration, parseDuration } from '../../../caching.options';
import type { EdgeHeaders, Shareable } from '../../../edge/edge-headers';
import { type CachePolicy, EAGER } from '../../../core/store/policy';
import type { ViewOptions } from '../cache-view.decorator';
import { ViewGuard } from '../view.guard';
import { FastPathEligibility, guardsOf } from './fast-path-eligibility';
import { type HandlerOf, nameOf } from './handler-of';
import { hiddenInputs, isCacheableRoute, ViewInputs } from './inputs';

/** `@CacheTTL` of @nestjs/cache-manager with a function: milliseconds for one request. */
export type ComputedTtl = (context: ExecutionContext) => number | Promise<number>;

/** What a route has to know beside its own options. */
export interface RouteContext {
  /** Request headers by which the router selects a version; `*`: it may use anything. */
  readonly versionHeaders?: readonly string[];
  /** The value of `@CacheTTL`, if the route has one. */
  readonly ttl?: number | ComputedTtl;
}

/** A route with `@CacheView`: its resolved options, and the key of a request. */
export class ViewRoute {
  readonly policy: CachePolicy;
  /** For browsers, and for shared caches of a response that they must not store. */
  private readonly cacheControl: string;
  /** Milliseconds that shared caches may store a response at most; 0: not at all. */
  private readonly edgeTtl: number;
  readonly vary: string;
  readonly isPrivate: boolean;
  readonly isShared: boolean;
  readonly opening: FastPathEligibility;
  /** `@Redirect`: the handler's value is a target and not a body, so nothing is stored. */
  readonly isRedirect: boolean;
  /**
   * The guard may send a hit: it is the last one, and Nest does nothing between the guards and the interceptors, where it sets what
   * `@Header` and `@HttpCode` say.
   */
  readonly mayRespondEarly: boolean;
  /** Request headers in the key, in lower case, for `Vary` too. */
  readonly varyBy: readonly string[];
  private readonly inputs: ViewInputs;
  /** What the router considers beside the URL. */
  private readonly routing: string;
  private readonly hasHost: boolean;
  private readonly computedTtl?: ComputedTtl;

  constructor(
    method: HandlerOf,
    options: ViewOptions,
    pipe: PipeTransform,
    private readonly edges: EdgeHeaders,
    { versionHeaders = [], ttl }: RouteContext = {},
  ) {
    const { controller, handler } = method;
    const name = nameOf(method);
    if (!isCacheableRoute(handler)) throw invalid(name, 'only a GET route that does not stream can be cached');
    if (options.private && options.shared) throw invalid(name, 'a view is private or shared, not both');
    if (options.private && options.edge !== undefined) throw invalid(name, 'a private view has no place at an edge');

    this.isPrivate = options.private ?? false;
    this.isShared = options.shared ?? false;
    this.varyBy = (options.vary ?? []).map((header) => header.toLowerCase());
    this.inputs = new ViewInputs(method, pipe);
    const hidden = hiddenInputs(method, { vary: this.varyBy, isPrivate: this.isPrivate });
    if (hidden !== undefined) throw invalid(name, hidden);
    this.computedTtl = typeof ttl === 'function' ? ttl : undefined;
    this.opening = new FastPathEligibility(controller, handler);
    this.isRedirect = Reflect.hasMetadata(REDIRECT_METADATA, handler);
    const isHeadSet = [HEADERS_METADATA, HTTP_CODE_METADATA].some((name) => Reflect.hasMetadata(name, handler));
    this.mayRespondEarly = !isHeadSet && guardsOf(handler).at(-1) === ViewGuard;
    if (Reflect.hasMetadata(RENDER_METADATA, handler))
      throw invalid(name, 'the output of a template (@Render) cannot be cached');
    const [version, host] = [VERSION_METADATA, HOST_METADATA].map(
      (name): unknown => Reflect.getMetadata(name, handler) ?? Reflect.getMetadata(name, controller),
    );
    const constraints = constraintsOf(handler);
    this.routing =
      (options.version === undefined ? '' : `@${options.version}`) +
      (version === undefined ? '' : `;version=${[version].flat().map(String).join()}`) +
      (constraints === undefined ? '' : `;constraints=${canonicalText(constraints)}`);
    this.hasHost = host !== undefined;
    this.cacheControl = cacheControl(options);
    this.edgeTtl = options.edge === undefined ? 0 : edges.most(options.edge);
    const varying = [...this.varyBy, ...versionHeaders, ...this.identity(options), 'accept-encoding'];
    this.vary = varying.includes('*') ? '*' : [...new Set(varying)].join(', ');
    // The tag clock decides what is fresh; a background refresh would run a handler whose request has ended.
    this.policy = {
      staleWhileRevalidate: 0,
      refreshBefore: EAGER,
      refreshedBy: 'caller',
      inProcess: options.inProcess,
      isAssembled: options.assembled,
      ...ttlOf(options.ttl, ttl),
    };
  }

  /** True where the URL alone determines the key, so that a known URL need not be validated again. */
  get isNamedByUrl(): boolean {
    return this.varyBy.length === 0 && !this.isPrivate && !this.hasHost;
  }

  get hasComputedTtl(): boolean {
    return this.computedTtl !== undefined;
  }

  /** Milliseconds for this request. @throws what the function of `@CacheTTL` throws */
  async computeTtl(context: ExecutionContext): Promise<number | undefined> {
    return this.computedTtl?.(context);
  }

  /** How long a response may be used, and by which caches. @param kept undefined: no shared cache may store it */
  freshness(kept: Shareable | undefined): Readonly<Record<string, string>> {
    if (!kept || this.edgeTtl === 0) return { 'cache-control': this.cacheControl };
    return this.edges.fields(this.cacheControl, this.edgeTtl, kept);
  }

  /** Undefined: the URL has a part that no key contains. @throws what the validation throws */
  async keyOfUrl(request: FastifyRequest): Promise<string | undefined> {
    const inputs = await this.inputs.read(request);
    return inputs === undefined
      ? undefined
      : boundedKey(`view:${request.routeOptions.url ?? ''}${this.routing}${inputs}`);
  }

  /**
   * The key of the response to this request.
   * @param owner the pseudonym of the user whose response it is; undefined: a public one @param negotiated see `negotiatedBefore`
   */
  key(urlKey: string, request: FastifyRequest, owner: string | undefined, negotiated = ''): string {
    if (this.isNamedByUrl && owner === undefined && negotiated === '') return urlKey;
    const host = this.hasHost ? [`;host=${canonicalText(request.host)}`] : [];
    const varied = this.varyBy.map((header) => `;${header}=${canonicalText(request.headers[header])}`);
    return boundedKey(
      [urlKey, ...host, ...(owner === undefined ? [] : [`;user=${owner}`]), ...varied, negotiated].join(''),
    );
  }

  /** Request headers that identify a caller. A browser that revalidates each private response needs no cookie among them. */
  private identity({ browser = 0 }: ViewOptions): string[] {
    if (this.isShared) return [];
    return this.isPrivate && secondsOf(browser) === 0 ? ['authorization'] : ['authorization', 'cookie'];
  }
}

/** With `@RouteConstraints` one URL leads to this route or to another. */
export function constraintsOf(handler: HandlerOf['handler'] | undefined): unknown {
  return handler && Reflect.getMetadata(FASTIFY_ROUTE_CONSTRAINTS_METADATA, handler);
}

/** RFC 9111 §5.2.2. Zero for browsers means: store it, and revalidate it at each use. */
function cacheControl({ browser = 0, private: isPrivate }: ViewOptions): string {
  const seconds = secondsOf(browser);
  const own = seconds > 0 ? `max-age=${seconds}` : 'max-age=0, must-revalidate';
  return `${isPrivate ? 'private' : 'public'}, ${own}`;
}

function secondsOf(browser: Duration): number {
  return Math.floor(parseDuration('browser', browser, 0) / 1_000);
}

/** The option of `@CacheView` wins over Nest's own decorator. */
function ttlOf(own: ViewOptions['ttl'], nest: RouteContext['ttl']): Pick<CachePolicy, 'ttl'> {
  if (own !== undefined) return { ttl: parseDuration('ttl', own) };
  return typeof nest === 'number' ? { ttl: parseDuration('@CacheTTL', nest) } : {};
}

function invalid(route: string, why: string): CacheError {
  return new CacheError('CACHE_OPTIONS', `@CacheView on ${route}: ${why}`);
}
