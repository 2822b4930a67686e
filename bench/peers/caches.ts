import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import type { DynamicModule, NestInterceptor, Type } from '@nestjs/common';
import { KeyvAdapter } from 'cache-manager';
import { redisStore } from 'cache-manager-redis-yet';
import { Keyv } from 'keyv';
import { BentoInterceptor } from './bento.interceptor';
import type { Peer } from './peers';

const TTL = 300_000;

/** What puts a cache in front of a controller. */
export interface PeerCache {
  imports: DynamicModule[];
  interceptors: Type<NestInterceptor>[];
}

/** Each as its documentation has it. */
export function cacheOf(kind: Peer['cache'], redisUrl: string): PeerCache {
  switch (kind) {
    case 'none':
      return { imports: [], interceptors: [] };
    case 'memory':
      return { imports: [CacheModule.register({ ttl: TTL })], interceptors: [CacheInterceptor] };
    case 'redis':
      return { imports: [onRedis(redisUrl)], interceptors: [CacheInterceptor] };
    case 'bento':
      return { imports: [], interceptors: [BentoInterceptor] };
  }
}

function onRedis(url: string): DynamicModule {
  return CacheModule.registerAsync({
    useFactory: async () => ({
      ttl: TTL,
      // Processes of one run share a Redis, and would find each other's pages.
      stores: [new Keyv({ store: new KeyvAdapter(await redisStore({ url })), namespace: `peer-${process.pid}` })],
    }),
  });
}
