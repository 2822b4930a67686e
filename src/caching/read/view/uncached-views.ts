import { type Observable, of } from 'rxjs';
import { Waiters } from '../../core/async/waiters';
import type { CacheStack } from '../../core/cache-stack';
import { isBehind } from '../../core/clock/cache-token';
import type { Loaded } from '../../core/store/entry';
import { type Client, unlessGone } from './client';
import type { Exchange } from './exchange';
import { HandlerRun } from './handler-run';
import { handOver, markUncacheable, tooOld } from './own-response';
import { StoredResponse } from './response/stored-response';
import type { ViewLayer } from './view-layer';

/** Responses while the layer is disabled: the same, with the same validator, and stored nowhere. */
export class UncachedViews {
  constructor(
    private readonly stack: CacheStack,
    private readonly layer: ViewLayer,
  ) {}

  respond(exchange: Exchange): Promise<Observable<unknown>> {
    return unlessGone(exchange, (client) => this.respondTo(client, exchange));
  }

  private async respondTo(client: Client, { route, request, reply, next }: Exchange): Promise<Observable<unknown>> {
    if (isBehind(this.stack.clock, request.headers)) await this.layer.catchUp(reply);
    const run = new HandlerRun(next, request, reply, this.stack.dependencies, route, 0);
    const waiters = new Waiters(client);
    const loading = waiters.run(() => this.watched(run)).finally(() => waiters.end());
    const isProduced = await run.isProducedBefore(loading);
    if (run.isTooOld) {
      run.abandon();
      loading.catch(() => undefined);
      throw tooOld(reply);
    }
    // Nothing is stored that could replace it.
    if (run.thrown) {
      run.abandon();
      loading.catch(() => undefined);
      throw run.thrown.error;
    }
    if (!isProduced) {
      await loading;
      if (run.clientError) throw run.clientError;
      markUncacheable(this.layer.name, reply, run);
      return of(run.value);
    }
    return handOver(run.value, reply, async (serialised, current) => {
      run.capture(serialised, reply.getHeaders());
      const { body } = await loading;
      if (run.isUncacheable) {
        markUncacheable(this.layer.name, reply, run);
        return current;
      }
      const { responder } = this.layer;
      const source = responder.fromHandler(StoredResponse.of({ body }), run.staleSince);
      return responder.finish(source, { route, request, reply }, serialised, current, undefined);
    });
  }

  /** No load is around this run, and a part from grace has to be marked all the same. */
  private async watched(run: HandlerRun): Promise<Loaded> {
    return (await this.stack.dependencies.watch(() => run.load())).value;
  }
}
