import type { PipeTransform, Type } from '@nestjs/common';
import { HOST_METADATA, VERSION_METADATA } from '@nestjs/common/constants';
import { FASTIFY_ROUTE_CONSTRAINTS_METADATA } from '@nestjs/platform-fastify/constants';
import type { FastifyRequest } from 'fastify';
import { boundedKey, canonicalText } from '../../canonical';
import { CacheError } from '../../../caching.errors';
import { parseDuration } from '../../../caching.options';
import type { EdgeHeaders, Shareable } from '../../../edge/edge-headers';
import type { CachePolicy } from '../../../core/store/policy';
import type { ViewOptions } from '../cache-view.decorator';
import { FastPathEligibility } from './fast-path-eligibility';
import { isCacheableRoute, ViewInputs } from './inputs';

export type Handler = (...args: never[]) => unknown;

/** A route with `@CacheView`: its options made ready, once, and the way from a request to a key. */
export class ViewRoute {
  readonly policy: CachePolicy;
  /** What browsers are told, and shared caches of what they may not keep. */
  private readonly cacheControl: string;
  /** Milliseconds that shared caches may keep an answer at most; 0: not at all. */
  private readonly edgeTtl: number;
  readonly vary: string;
  readonly isPrivate: boolean;
  readonly isShared: boolean;
  readonly opening: FastPathEligibility;
  private readonly varyBy: readonly string[];
  private readonly inputs: ViewInputs;
  /** What the router looks at beside the address. */
  private readonly routing: string;
  private readonly hasHost: boolean;

  constructor(
    controller: Type,
    handler: Handler,
    options: ViewOptions,
    pipe: PipeTransform,
    private readonly edges: EdgeHeaders,
  ) {
    const name = `${controller.name}.${handler.name}`;
    if (!isCacheableRoute(handler)) throw invalid(name, 'only a GET route that is no stream can be cached');
    if (options.private && options.shared) throw invalid(name, 'a view is private or shared, not both');
    if (options.private && options.edge !== undefined) throw invalid(name, 'a private view has no place at an edge');

    this.isPrivate = options.private ?? false;
    this.isShared = options.shared ?? false;
    this.varyBy = (options.vary ?? []).map((header) => header.toLowerCase());
    this.inputs = new ViewInputs(controller, handler, pipe);
    this.opening = new FastPathEligibility(controller, handler);
    const [version, host] = [VERSION_METADATA, HOST_METADATA].map(
      (name): unknown => Reflect.getMetadata(name, handler) ?? Reflect.getMetadata(name, controller),
    );
    const constraints = constraintsOf(handler);
    this.routing =
      (version === undefined ? '' : `;version=${version as string}`) +
      (constraints === undefined ? '' : `;constraints=${canonicalText(constraints)}`);
    this.hasHost = host !== undefined;
    this.cacheControl = cacheControl(options);
    this.edgeTtl = options.edge === undefined ? 0 : edges.most(options.edge);
    this.vary = [...this.varyBy, ...(this.isShared ? [] : this.identity()), 'accept-encoding'].join(', ');
    // The tag clock tells what is fresh; a background refresh would have to run a handler whose request is over.
    this.policy = {
      staleWhileRevalidate: 0,
      ...(options.ttl === undefined ? {} : { ttl: parseDuration('ttl', options.ttl) }),
    };
  }

  /** True where the address alone names the entry, so that one that was seen before need not be read again. */
  get isNamedByUrl(): boolean {
    return this.varyBy.length === 0 && !this.isPrivate && !this.hasHost;
  }

  /** How long an answer holds, and for whom. @param kept undefined: nobody may pass it on */
  freshness(kept: Shareable | undefined): Readonly<Record<string, string>> {
    if (!kept || this.edgeTtl === 0) return { 'cache-control': this.cacheControl };
    return this.edges.fields(this.cacheControl, this.edgeTtl, kept);
  }

  /** @throws what the validation throws */
  async keyOfUrl(request: FastifyRequest): Promise<string> {
    const { params, query } = await this.inputs.read(request);
    return boundedKey(
      `view:${request.routeOptions.url ?? ''}${this.routing}${canonicalText(params)}${canonicalText(query)}`,
    );
  }

  /** The key of the answer to this request, for this user. */
  key(urlKey: string, request: FastifyRequest, user: string | undefined): string {
    const host = this.hasHost ? [`;host=${canonicalText(request.host)}`] : [];
    const varied = this.varyBy.map((header) => `;${header}=${canonicalText(request.headers[header])}`);
    return boundedKey(
      [urlKey, ...host, ...(this.isPrivate ? [`;user=${canonicalText(user)}`] : []), ...varied].join(''),
    );
  }

  private identity(): string[] {
    return this.isPrivate ? ['authorization'] : ['authorization', 'cookie'];
  }
}

/** With `@RouteConstraints` one address leads to this route or to another. */
export function constraintsOf(handler: Handler | undefined): unknown {
  return handler && Reflect.getMetadata(FASTIFY_ROUTE_CONSTRAINTS_METADATA, handler);
}

/** RFC 9111 §5.2.2. Zero for browsers means: keep it, and ask each time whether it still holds. */
function cacheControl({ browser = 0, private: isPrivate }: ViewOptions): string {
  const seconds = Math.floor(parseDuration('browser', browser, 0) / 1_000);
  const own = seconds > 0 ? `max-age=${seconds}` : 'max-age=0, must-revalidate';
  return `${isPrivate ? 'private' : 'public'}, ${own}`;
}

function invalid(route: string, why: string): CacheError {
  return new CacheError('CACHE_OPTIONS', `@CacheView on ${route}: ${why}`);
}
