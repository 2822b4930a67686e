import { ExecutionContext, Inject, Injectable, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Access, ACCESS } from './auth.decorators';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** What each route requires of its caller, looked up once: its decorators do not change. */
@Injectable()
export class Accesses {
  /** By controller too: one that inherits a handler may require something else. */
  private readonly known = new Map<Handler, { readonly controller: Type; readonly access: Access | undefined }>();

  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  /** Undefined: nothing, the route is public. */
  of(context: ExecutionContext): Access | undefined {
    const handler = context.getHandler();
    const controller = context.getClass();
    const known = this.known.get(handler);
    if (known?.controller === controller) return known.access;
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, controller]);
    this.known.set(handler, { controller, access });
    return access;
  }
}
