import type { ModuleMetadata } from '@nestjs/common';

/** What the metrics have to be told about the application around them. */
export interface CacheTelemetryOptions {
  /** Where they are, without a leading slash. @default metrics */
  path?: string;
  /** Put on the controller: who may come in, how that is documented. Without any it is open to all. @default none */
  decorators?: readonly ClassDecorator[];
  /** Modules that guards among the decorators need. */
  imports?: ModuleMetadata['imports'];
  /** Metrics of the process, as prom-client has them: processor time, memory, event loop, garbage collection. @default true */
  process?: boolean;
}

export const DEFAULT_PATH = 'metrics';
export const TELEMETRY_OPTIONS = Symbol('TELEMETRY_OPTIONS');
