import { Module } from '@nestjs/common';
import { RatesClient } from './rates.client';
import { RatesController } from './rates.controller';
import { RatesService } from './rates.service';

@Module({ controllers: [RatesController], providers: [RatesClient, RatesService], exports: [RatesService] })
export class RatesModule {}
