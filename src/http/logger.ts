import { LoggerService } from '@nestjs/common';
import { destination, Logger, LoggerOptions, pino } from 'pino';
import pretty from 'pino-pretty';
import { boundedError } from './log-error';
import { redactTokens } from './redact-tokens';

export interface LogOptions {
  level: string;
  /** For people at a terminal; otherwise one JSON object a line. */
  pretty: boolean;
}

/**
 * The process's logger. Two independent walls keep tokens out of the log: each field is written by a serializer that knows what may
 * stand there, and each finished line is searched for tokens before it is written.
 */
export function createLogger({ level, pretty: readable }: LogOptions): Logger {
  const options: LoggerOptions = {
    level,
    serializers: { err: boundedError, error: boundedError },
    hooks: { streamWrite: redactTokens },
  };
  return readable
    ? pino(options, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true }))
    : pino(options, destination({ dest: 1, sync: true }));
}

/** Contexts whose messages are dropped: main.ts reports a failed start in one sentence, and Nest's forty lines about modules and routes matter only for debugging. */
const FRAMEWORK = new Set<unknown>([
  'ExceptionHandler',
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Sends Nest's own messages, and those of Nest's Logger, through pino. */
export class NestPinoLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(FRAMEWORK.has(rest.at(-1)) ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes the context last, and before it whatever else the caller gave: a message or a stack. */
  private write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.length > 0 ? rest[rest.length - 1] : undefined;
    const detail = rest.length > 1 ? rest[0] : undefined;
    if (message instanceof Error) this.logger[level]({ context, err: message });
    else if (typeof message === 'object' && message !== null) this.logger[level]({ context, ...message }, text(detail));
    else this.logger[level]({ context, ...(detail === undefined ? {} : { detail }) }, String(message));
  }
}

function text(detail: unknown): string | undefined {
  return typeof detail === 'string' ? detail : undefined;
}
