import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { CACHE_STACK, type CacheStack } from '../caching';
import { AppConfig } from '../config';
import { Accesses } from './accesses';
import { AuthGuard } from './auth.guard';
import { ClientThrottler } from './client-throttler';
import { KeySet } from './key-set';
import { RedisThrottlerStorage } from './redis-throttler-storage';
import { TokenService } from './token.service';
import { WriteThrottlerGuard } from './write-throttler.guard';

@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [AppConfig, CACHE_STACK],
      useFactory: ({ throttleLimit }: AppConfig, stack: CacheStack) => ({
        storage: new RedisThrottlerStorage(stack),
        throttlers: [{ limit: throttleLimit, ttl: 60_000 }],
        skipIf: () => throttleLimit === 0,
      }),
    }),
  ],
  providers: [
    TokenService,
    KeySet,
    Accesses,
    ClientThrottler,
    // In this order: the throttler counts by the user that the first guard found.
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_GUARD, useClass: WriteThrottlerGuard },
  ],
  exports: [TokenService],
})
export class AuthModule {}
