import { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'pino';

/** From the signal to the end of the process, in ms. Orchestrators kill after 10 s or more. */
const DEADLINE = 4_500;

/**
 * On SIGTERM or SIGINT: no new connections, requests in flight are answered, then pools and servers close. A second signal ends it at once.
 * @returns is told the application, once there is one
 */
export function shutDownOnSignal(logger: Logger): (app: NestFastifyApplication) => void {
  let app: NestFastifyApplication | undefined;
  let closing = false;
  const shutDown = (signal: NodeJS.Signals): void => {
    // Not up yet: there is nothing in flight, and a database survives that.
    if (closing || !app) process.exit(1);
    closing = true;
    logger.info(`${signal}: finishing what is in flight`);
    setTimeout(() => {
      logger.warn('what is in flight takes too long: giving up on it');
      process.exit(1);
    }, DEADLINE).unref();
    const server = app.getHttpServer();
    // A connection that was busy when the server closed stays open for the next request that its client might send.
    setInterval(() => server.closeIdleConnections(), 50).unref();
    app.close().then(
      () => process.exit(0),
      (error: Error) => {
        logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
  return (started) => {
    app = started;
  };
}
