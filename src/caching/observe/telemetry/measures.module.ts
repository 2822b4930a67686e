import { Module } from '@nestjs/common';
import { Measures } from './measures';

/** One for all who import it: what is counted is counted once. */
@Module({ providers: [Measures], exports: [Measures] })
export class MeasuresModule {}
