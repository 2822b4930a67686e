import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

/** The application's global pipes, one after the other: what they make of a query is what a handler gets, and what a key is made of. */
export class ApplicationPipes implements PipeTransform {
  constructor(private readonly application: ApplicationConfig) {}

  /** @throws what a pipe throws */
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    let current = value;
    for (const pipe of this.application.getGlobalPipes()) current = await pipe.transform(current, metadata);
    return current;
  }
}
