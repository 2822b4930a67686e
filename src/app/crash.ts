import { Logger } from 'pino';

/**
 * Ends the process with 1 after an error that no code caught, rejections included. Without this Node prints the error with everything
 * that hangs on it (a request, its headers); the log has it without.
 */
export function exitOnCrash(logger: Logger): void {
  process.once('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught error: the process ends');
    process.exit(1);
  });
}
