import { ExecutionContext, Inject, Injectable, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Access, ACCESS } from './auth.decorators';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** What each route requires of its caller, looked up once: its decorators do not change. */
@Injectable()
export class Accesses {
  /** By controller too: one that inherits a handler may require something else. */
  private readonly known = new Map<Type, Map<Handler, Access | undefined>>();

  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  /** Undefined: nothing, the route is public. */
  of(context: ExecutionContext): Access | undefined {
    const handler = context.getHandler();
    const controller = context.getClass();
    const routes = this.known.get(controller) ?? new Map<Handler, Access | undefined>();
    if (routes.has(handler)) return routes.get(handler);
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, controller]);
    this.known.set(controller, routes.set(handler, access));
    return access;
  }
}
