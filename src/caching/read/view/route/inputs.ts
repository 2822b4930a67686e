import { BadRequestException, type PipeTransform, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, ROUTE_ARGS_METADATA, SSE_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { FastifyRequest } from 'fastify';

/** What a handler takes from the query or the path: a DTO, or single values by name. */
interface Source {
  dto?: Type;
  names: string[];
}

interface ArgMetadata {
  index: number;
  data?: unknown;
}

/** What a route's answer depends on in its address, as the route itself declares it. */
export class ViewInputs {
  private readonly query: Source;
  private readonly params: Source;

  constructor(
    controller: Type,
    handler: (...args: never[]) => unknown,
    private readonly pipe: PipeTransform,
  ) {
    this.query = sourceOf(controller, handler, RouteParamtypes.QUERY);
    this.params = sourceOf(controller, handler, RouteParamtypes.PARAM);
  }

  /**
   * The validated inputs: defaults filled, numbers as numbers. An invalid or unknown one ends here, before it can make a key.
   * @throws what the pipe throws; BadRequestException
   */
  async read(request: FastifyRequest): Promise<{ params: object; query: object }> {
    // Both at once, the last parameter of the handler first, as the pipeline does: or a request with two faults is told another one.
    const [query, params] = await Promise.all([
      this.validated(request.query as object, this.query, 'query'),
      this.validated(request.params as object, this.params, 'param'),
    ]);
    return { params, query };
  }

  private async validated(given: object, { dto, names }: Source, type: 'param' | 'query'): Promise<object> {
    if (dto) return (await this.pipe.transform(given, { type, metatype: dto })) as object;
    // Every path parameter is declared, by the route's pattern.
    if (type === 'param') return given;
    const unknown = Object.keys(given).filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new BadRequestException(`Unknown query parameters: ${unknown.join(', ')}`);
    return given;
  }
}

function sourceOf(controller: Type, handler: (...args: never[]) => unknown, kind: RouteParamtypes): Source {
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler.name) ?? {}) as Record<
    string,
    ArgMetadata
  >;
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler.name) ??
    []) as Type[];
  const ours = Object.entries(args).filter(([key]) => key.startsWith(`${kind}:`));
  const whole = ours.find(([, { data }]) => data === undefined);
  const names = ours.flatMap(([, { data }]) => (typeof data === 'string' ? [data] : []));
  return { dto: whole && types[whole[1].index], names };
}

/** Only what GET routes answer at once can be kept. */
export function isCacheableRoute(handler: object): boolean {
  const method: unknown = Reflect.getMetadata(METHOD_METADATA, handler);
  return method === RequestMethod.GET && Reflect.getMetadata(SSE_METADATA, handler) !== true;
}
