import { type PipeTransform, RequestMethod, type Type } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  METHOD_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { FastifyRequest } from 'fastify';
import { canonicalText } from '../../canonical';
import type { HandlerOf } from './handler-of';

/** What a handler takes from the query or the path: all of it, as these types, and single values by name. */
interface DeclaredInput {
  readonly types: readonly (Type | undefined)[];
  readonly names: readonly string[];
}

interface ArgMetadata {
  index: number;
  data?: unknown;
}

/** The parts of its URL that a route's response depends on, as the route declares them. */
export class ViewInputs {
  private readonly query: DeclaredInput;
  private readonly params: DeclaredInput;
  /** The handler takes the request, so it may see whatever the URL says. */
  private readonly takesRequest: boolean;

  constructor(
    method: HandlerOf,
    private readonly pipe: PipeTransform,
  ) {
    this.query = sourceOf(method, RouteParamtypes.QUERY);
    this.params = sourceOf(method, RouteParamtypes.PARAM);
    this.takesRequest = Object.keys(argumentsOf(method)).some((key) => key.startsWith(`${RouteParamtypes.REQUEST}:`));
  }

  /**
   * What the handler gets of the URL, as text: defaults filled in, numbers as numbers. Undefined: the query has a name that the route
   * does not declare. A provider of the request's own might read it, so it may belong to the response and not to the key.
   * @throws what the pipe throws: an invalid input never becomes a key
   */
  async read(request: FastifyRequest): Promise<string | undefined> {
    const { query, params } = request as { query: object; params: object };
    // In the pipeline's order, so that a request with two faults gets the same 400 as without the cache.
    const [ofQuery, ofParams] = await Promise.all([
      this.transformed(query, this.query, 'query'),
      this.transformed(params, this.params, 'param'),
    ]);
    const { types, names } = this.query;
    const isWhole = types.length > 0 || this.takesRequest;
    if (!isWhole && Object.keys(query).some((name) => !names.includes(name))) return undefined;
    // Every path parameter is declared, by the route's pattern.
    return this.textOf(ofParams, params, this.params) + this.textOf(ofQuery, query, this.query);
  }

  private transformed(given: object, { types }: DeclaredInput, type: 'param' | 'query'): Promise<object[]> {
    return Promise.all(types.map((metatype) => this.pipe.transform(given, { type, metatype }) as Promise<object>));
  }

  /** One text for all spellings of a query or path that the handler cannot distinguish. @param seen by the handler, as a whole */
  private textOf(seen: readonly object[], given: object, { names }: DeclaredInput): string {
    const isGivenSeen = seen.length === 0 || names.length > 0 || this.takesRequest;
    const parts = isGivenSeen ? [...seen, given] : seen;
    try {
      return parts.map((part) => canonicalText({ ...part })).join('&');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      // A value of a class that has no canonical form: what it was made from has one.
      return canonicalText({ ...given });
    }
  }
}

function sourceOf(method: HandlerOf, kind: RouteParamtypes): DeclaredInput {
  const { prototype } = method.controller as { prototype: object };
  const types = (Reflect.getMetadata('design:paramtypes', prototype, method.property) ?? []) as Type[];
  const ours = Object.entries(argumentsOf(method)).filter(([key]) => key.startsWith(`${kind}:`));
  return {
    types: ours.flatMap(([, { data, index }]) => (data === undefined ? [types[index]] : [])),
    names: ours.flatMap(([, { data }]) => (typeof data === 'string' ? [data] : [])),
  };
}

function argumentsOf({ controller, property }: HandlerOf): Record<string, ArgMetadata> {
  return (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, property) ?? {}) as Record<string, ArgMetadata>;
}

/** Parameter decorators whose value no key can hold, by the name that a developer writes. */
const UNKEYED: Readonly<Partial<Record<RouteParamtypes, string>>> = {
  [RouteParamtypes.BODY]: '@Body()',
  [RouteParamtypes.RAW_BODY]: '@RawBody()',
  [RouteParamtypes.SESSION]: '@Session()',
  [RouteParamtypes.FILE]: '@UploadedFile()',
  [RouteParamtypes.FILES]: '@UploadedFiles()',
  [RouteParamtypes.IP]: '@Ip()',
};

/**
 * Why a handler's parameters forbid to cache its route: one of them is not part of the key (Law 9). Undefined: all are.
 * A private view has the user in its key, so it may take the request and values of custom decorators, which represent the user.
 */
export function hiddenInputs(
  method: HandlerOf,
  { vary, isPrivate }: { readonly vary: readonly string[]; readonly isPrivate: boolean },
): string | undefined {
  for (const [key, { data }] of Object.entries(argumentsOf(method))) {
    if (key.includes(CUSTOM_ROUTE_ARGS_METADATA)) {
      if (!isPrivate)
        return 'a parameter of a custom decorator is not part of the key: make the view private, or remove it';
      continue;
    }
    const kind = Number(key.split(':', 1)[0]) as RouteParamtypes;
    const unkeyed = UNKEYED[kind];
    if (unkeyed !== undefined) return `a ${unkeyed} parameter is not part of the key: remove it`;
    if (kind === RouteParamtypes.REQUEST && !isPrivate) {
      return 'a @Req() parameter can be anything of the request: take @Param, @Query or @Headers with vary, or make the view private';
    }
    if (kind !== RouteParamtypes.HEADERS) continue;
    if (typeof data !== 'string')
      return '@Headers() without a name is not part of the key: name each header, and add it to vary';
    if (!vary.includes(data.toLowerCase())) return `@Headers('${data}') is not part of the key: add '${data}' to vary`;
  }
  return undefined;
}

/** Only a GET route with a whole response can be cached. */
export function isCacheableRoute(handler: object): boolean {
  const method: unknown = Reflect.getMetadata(METHOD_METADATA, handler);
  return method === RequestMethod.GET && Reflect.getMetadata(SSE_METADATA, handler) !== true;
}
