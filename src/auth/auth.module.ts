import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { AppConfig } from '../config';
import { Accesses } from './accesses';
import { AuthGuard } from './auth.guard';
import { ClientThrottler } from './client-throttler';
import { KeySet } from './key-set';
import { TokenService } from './token.service';
import { WriteThrottlerGuard } from './write-throttler.guard';

@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [AppConfig],
      useFactory: ({ throttleLimit }: AppConfig) => ({
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
