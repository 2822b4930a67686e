import type { ModuleMetadata } from '@nestjs/common';

/** Options of the metrics. */
export interface CacheTelemetryOptions {
  /** Path of the metrics, without a leading slash. @default metrics */
  path?: string;
  /** Put on the controller: guards and their OpenAPI decorators. Without any, the route is public. @default none */
  decorators?: readonly ClassDecorator[];
  /** Modules that provide what the decorators' guards inject. */
  imports?: ModuleMetadata['imports'];
  /** Includes prom-client's process metrics: CPU time, memory, event loop, garbage collection. @default true */
  process?: boolean;
}

export const DEFAULT_PATH = 'metrics';
export const TELEMETRY_OPTIONS = Symbol('TELEMETRY_OPTIONS');
