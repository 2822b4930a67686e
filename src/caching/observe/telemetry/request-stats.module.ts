import { Module } from '@nestjs/common';
import { RequestStats } from './request-stats';

/** One for all who import it: what is counted is counted once. */
@Module({ providers: [RequestStats], exports: [RequestStats] })
export class RequestStatsModule {}
