import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';

interface Bento {
  getOrSet: (options: { key: string; ttl: string; factory: () => Promise<unknown> }) => Promise<unknown>;
}

/** What a Nest application that wants BentoCache writes: keys are addresses, values are bodies, stampedes are its business. */
@Injectable()
export class BentoInterceptor implements NestInterceptor {
  private readonly bento = create();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return from(
      this.bento.then((bento) => bento.getOrSet({ key: url, ttl: '5m', factory: () => lastValueFrom(next.handle()) })),
    );
  }
}

/** It is an ES module. */
async function create(): Promise<Bento> {
  const { BentoCache, bentostore } = await import('bentocache');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const l1 = bentostore().useL1Layer(memoryDriver({ maxItems: 10_000, serialize: false }));
  return new BentoCache({ default: 'l1', stores: { l1 } });
}
