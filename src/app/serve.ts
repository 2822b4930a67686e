import { exitOnCrash } from './crash';
import { createApp } from './create-app';
import { type AppConfig, unknownVariables, variablesWithoutEffect } from '../config';
import type { DatabaseServer } from '../database';
import { Departure } from '../health';
import { createLogger } from '../http';
import { listenFault } from './listen-fault';
import type { Shutdown } from './shutdown';
import { printStartupBanner } from './startup-banner';

/** Runs the application on a database that may still be starting. Resolves when it is ready. */
export async function serve(config: AppConfig, server: Promise<DatabaseServer>, shutdown: Shutdown): Promise<void> {
  const logger = createLogger({ level: config.logLevel, pretty: !config.production && process.stdout.isTTY });
  exitOnCrash(logger);
  const warnings = [...unknownVariables(process.env), ...variablesWithoutEffect(process.env)];
  for (const warning of warnings) logger.warn(warning);
  const app = await createApp(config, server, logger);
  const announce = (): void => app.get(Departure, { strict: false }).announce();
  shutdown.closes({ app, logger, announce, grace: config.http.shutdownGrace });
  try {
    await app.listen(config.http.port, config.http.host);
    await printStartupBanner(app, config, logger);
  } catch (error) {
    if (shutdown.isClosing) return;
    await app.close();
    throw listenFault(error as Error, config.http);
  }
}
