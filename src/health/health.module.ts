import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Departure } from './departure';
import { HealthController } from './health.controller';

@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  providers: [Departure],
  controllers: [HealthController],
})
export class HealthModule {}
