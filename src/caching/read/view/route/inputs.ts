import { BadRequestException, type PipeTransform, RequestMethod, type Type } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  METHOD_METADATA,
  ROUTE_ARGS_METADATA,
  SSE_METADATA,
} from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { FastifyRequest } from 'fastify';
import type { HandlerOf } from './handler-of';

/** What a handler takes from the query or the path: a DTO, or single values by name. */
interface DeclaredInput {
  dto?: Type;
  names: string[];
}

interface ArgMetadata {
  index: number;
  data?: unknown;
}

/** The parts of its URL that a route's response depends on, as the route declares them. */
export class ViewInputs {
  private readonly query: DeclaredInput;
  private readonly params: DeclaredInput;

  constructor(
    method: HandlerOf,
    private readonly pipe: PipeTransform,
  ) {
    this.query = sourceOf(method, RouteParamtypes.QUERY);
    this.params = sourceOf(method, RouteParamtypes.PARAM);
  }

  /**
   * The validated inputs: defaults filled in, numbers as numbers. An invalid or unknown one is refused before it becomes a key.
   * @throws what the pipe throws; BadRequestException
   */
  async read(request: FastifyRequest): Promise<{ params: object; query: object }> {
    // In the pipeline's order, so that a request with two faults gets the same 400 as without the cache.
    const [query, params] = await Promise.all([
      this.validated(request.query as object, this.query, 'query'),
      this.validated(request.params as object, this.params, 'param'),
    ]);
    return { params, query };
  }

  private async validated(given: object, { dto, names }: DeclaredInput, type: 'param' | 'query'): Promise<object> {
    if (dto) return (await this.pipe.transform(given, { type, metatype: dto })) as object;
    // Every path parameter is declared, by the route's pattern.
    if (type === 'param') return given;
    const unknown = Object.keys(given).filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new BadRequestException(`Unknown query parameters: ${unknown.join(', ')}`);
    return given;
  }
}

function sourceOf(method: HandlerOf, kind: RouteParamtypes): DeclaredInput {
  const args = argumentsOf(method);
  const { prototype } = method.controller as { prototype: object };
  const types = (Reflect.getMetadata('design:paramtypes', prototype, method.property) ?? []) as Type[];
  const ours = Object.entries(args).filter(([key]) => key.startsWith(`${kind}:`));
  const whole = ours.find(([, { data }]) => data === undefined);
  const names = ours.flatMap(([, { data }]) => (typeof data === 'string' ? [data] : []));
  return { dto: whole && types[whole[1].index], names };
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
