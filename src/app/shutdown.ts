import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'pino';

/** From the signal to the end of the process, in ms. Orchestrators kill after 10 s or more. */
const DEADLINE = 4_500;
/** How long an idle connection stays open for its last request, in ms. */
const LAST_REQUESTS = 1_000;

/**
 * On SIGTERM or SIGINT: no new connections; requests in flight get their responses; then pools and servers close, exit code 0.
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
      this.logger.warn('the requests in flight take too long: exiting without their responses');
      process.exit(1);
    }, DEADLINE).unref();
    void this.finish(this.app);
  }

  private async finish(app: NestFastifyApplication): Promise<void> {
    const server = app.getHttpServer();
    try {
      await lastRequests(server);
      // A connection that was busy when the server closed stays open for the next request that its client might send.
      setInterval(() => server.closeIdleConnections(), 50).unref();
      await app.close();
      process.exit(0);
    } catch (error) {
      this.logger.error({ err: error }, 'shutdown failed');
      process.exit(1);
    }
  }
}

/**
 * A proxy may be sending a request on an idle connection of its pool in the very moment when that is closed, and a write is lost. So
 * connections stay open for one more request, whose response says `Connection: close` (RFC 9112 §9.6); new ones are refused, which a
 * proxy can distinguish from a failure. Resolves when all have closed, or after LAST_REQUESTS.
 */
async function lastRequests(server: Server): Promise<void> {
  server.prependListener('request', (_request, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
  // Not http's close(), which ends idle connections at once.
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LAST_REQUESTS))]);
}
