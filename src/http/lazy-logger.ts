import { Bindings, Logger } from 'pino';

type Arguments = [first: object | string, ...rest: unknown[]];

/** The logger of one request, made when it first says something: most never do, and making one takes microseconds. */
export class LazyLogger {
  private made: Logger | undefined;

  constructor(
    private readonly parent: Logger,
    private readonly bindings: Bindings,
  ) {}

  get level(): string {
    return this.parent.level;
  }

  child(bindings: Bindings): Logger {
    return this.logger.child(bindings);
  }

  fatal(...args: Arguments): void {
    this.logger.fatal(...(args as [string]));
  }

  error(...args: Arguments): void {
    this.logger.error(...(args as [string]));
  }

  warn(...args: Arguments): void {
    this.logger.warn(...(args as [string]));
  }

  info(...args: Arguments): void {
    if (this.parent.isLevelEnabled('info')) this.logger.info(...(args as [string]));
  }

  debug(...args: Arguments): void {
    if (this.parent.isLevelEnabled('debug')) this.logger.debug(...(args as [string]));
  }

  trace(...args: Arguments): void {
    if (this.parent.isLevelEnabled('trace')) this.logger.trace(...(args as [string]));
  }

  silent(): void {
    // The level that says nothing.
  }

  private get logger(): Logger {
    return (this.made ??= this.parent.child(this.bindings));
  }
}
