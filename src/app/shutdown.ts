import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'pino';

/** From the signal to the end of the process, in ms. Orchestrators kill after 10 s or more. */
const DEADLINE = 4_500;

/**
 * On SIGTERM or SIGINT: no new connections, requests in flight are answered, then pools and servers close, exit code 0.
 * Before there is an application the process ends at once: nothing is in flight. A second signal ends it at once, too.
 */
export class Shutdown {
  private app: NestFastifyApplication | undefined;
  private closing = false;

  constructor(private readonly logger: Logger) {
    process.on('SIGTERM', (signal) => this.begin(signal));
    process.on('SIGINT', (signal) => this.begin(signal));
  }

  /** From now on a signal closes this application. */
  closes(app: NestFastifyApplication): void {
    this.app = app;
  }

  /** True once a signal came: what fails from then on fails because everything is closing. */
  get isClosing(): boolean {
    return this.closing;
  }

  private begin(signal: NodeJS.Signals): void {
    if (this.closing) process.exit(1);
    this.closing = true;
    if (!this.app) process.exit(0);
    this.logger.info(`${signal}: finishing the requests in flight`);
    setTimeout(() => {
      this.logger.warn('the requests in flight take too long: ending without them');
      process.exit(1);
    }, DEADLINE).unref();
    const server = this.app.getHttpServer();
    // A connection that was busy when the server closed stays open for the next request that its client might send.
    setInterval(() => server.closeIdleConnections(), 50).unref();
    this.app.close().then(
      () => process.exit(0),
      (error: Error) => {
        this.logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  }
}
