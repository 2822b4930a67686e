import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';

/** From the end of the grace to the end of the process, in ms. Orchestrators kill after 10 s or more. */
const DEADLINE = 4_500;
/** How long an idle connection stays open for its last request, in ms. */
const LAST_REQUESTS = 1_000;
/** Turns of the event loop in which to wait for one without a new connection. */
const MOST_TURNS = 1_000;

const SIGNALS: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** What a signal closes. */
export interface Closable {
  readonly app: NestFastifyApplication;
  readonly logger: Logger;
  /** Makes the readiness check fail from now on. */
  readonly announce: () => void;
  /** Milliseconds in which the application takes requests after SIGTERM. */
  readonly grace: number;
}

/**
 * On SIGTERM the process announces that it stops, and takes requests for the grace, until every proxy has noticed. Then, and at once
 * on SIGINT and SIGHUP: no new connections; requests in flight get their responses; then pools and servers close, exit code 0.
 * Before there is an application the process ends at once: nothing is in flight. A second signal ends it at once, too, unless it is
 * a SIGHUP: a closed terminal and its shell each send one.
 */
export class Shutdown {
  private subject: Closable | undefined;
  private closing = false;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, () => this.begin(signal));
  }

  /** From now on a signal closes this application. */
  closes(subject: Closable): void {
    this.subject = subject;
  }

  /** True once a signal came: what fails from then on fails because everything is closing. */
  get isClosing(): boolean {
    return this.closing;
  }

  private begin(signal: NodeJS.Signals): void {
    if (this.closing && signal === 'SIGHUP') return;
    if (this.closing) process.exit(1);
    this.closing = true;
    if (!this.subject) process.exit(0);
    void this.finish(this.subject, signal);
  }

  private async finish({ app, logger, announce, grace }: Closable, signal: NodeJS.Signals): Promise<void> {
    const server = app.getHttpServer();
    try {
      announce();
      closeAfterResponses(server);
      if (signal === 'SIGTERM' && grace > 0 && server.listening) {
        logger.info(`${signal}: not ready from now on, and taking requests for ${grace} ms`);
        await sleep(grace);
      }
      logger.info(`${signal}: finishing the requests in flight`);
      endAtDeadline(logger);
      await quietTurn(server);
      await lastRequests(server);
      // A connection that was busy when the server closed stays open for the next request that its client might send.
      setInterval(() => server.closeIdleConnections(), 50).unref();
      await app.close();
      process.exit(0);
    } catch (error) {
      logger.error({ err: error }, 'shutdown failed');
      process.exit(1);
    }
  }
}

function endAtDeadline(logger: Logger): void {
  setTimeout(() => {
    logger.warn('the requests in flight take too long: exiting without their responses');
    process.exit(1);
  }, DEADLINE).unref();
}

/** RFC 9112 §9.6: each response says `Connection: close`, so that the pool of a proxy takes its next connection elsewhere. */
function closeAfterResponses(server: Server): void {
  server.prependListener('request', (_request, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
}

/**
 * When a server closes, the kernel resets connections that it has not accepted yet. A proxy cannot distinguish that from a request
 * that was begun. So the server closes after a turn of the event loop in which none arrived.
 */
async function quietTurn(server: Server): Promise<void> {
  let hasArrived = false;
  const arrive = (): void => void (hasArrived = true);
  server.on('connection', arrive);
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    hasArrived = false;
    const began = performance.now();
    // One immediate runs after a poll for connections, the next one after another poll.
    await nextTurn();
    await nextTurn();
    if (!hasArrived && performance.now() - began < 1) break;
  }
  server.off('connection', arrive);
}

/**
 * A proxy may be sending a request on an idle connection of its pool in the very moment when that is closed, and a write is lost. So
 * connections stay open for one more request; new ones are refused, which a proxy can distinguish from a failure. Resolves when all
 * have closed, or after LAST_REQUESTS.
 */
async function lastRequests(server: Server): Promise<void> {
  // Not http's close(), which ends idle connections at once.
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  await Promise.race([closed, sleep(LAST_REQUESTS)]);
}
