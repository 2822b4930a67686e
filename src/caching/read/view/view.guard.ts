import { type CanActivate, type ExecutionContext, Inject, Injectable, Optional } from '@nestjs/common';

/** Sends the response of a request if it is a prepared hit. */
export interface EarlyResponder {
  /** @returns whether the response was sent */
  respond(context: ExecutionContext): boolean | Promise<boolean>;
}

export const EARLY_RESPONDER = Symbol('EARLY_RESPONDER');

/**
 * Sends hits. `@CacheView` puts it on its route, and ViewExplorer behind all other guards, so every guard has let the request in.
 * Nest would otherwise set up its chain of interceptors first, which costs more than all other steps of a hit together.
 */
@Injectable()
export class ViewGuard implements CanActivate {
  /** @param hits undefined in an application without CachingModule */
  constructor(@Optional() @Inject(EARLY_RESPONDER) private readonly hits?: EarlyResponder) {}

  /** Never resolves once the response was sent: Nest would go on to the handler, or to a 403. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const isSent = this.hits?.respond(context) ?? false;
    return typeof isSent === 'boolean' ? goOn(isSent) : isSent.then(goOn);
  }
}

function goOn(isSent: boolean): true | Promise<never> {
  return isSent ? new Promise(() => undefined) : true;
}
