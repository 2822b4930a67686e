import './cli/supported-node';
import { exitOnCrash } from './app/crash';
import { createApp } from './app/create-app';
import { loadConfig, loadEnvFile, unknownVariables } from './config';
import { createLogger } from './http';
import { listenFault } from './app/listen-fault';
import { Shutdown } from './app/shutdown';
import { printStartupBanner } from './app/startup-banner';

async function main(): Promise<void> {
  loadEnvFile();
  const config = loadConfig(process.env);
  const logger = createLogger({ level: config.logLevel, pretty: !config.production && process.stdout.isTTY });
  exitOnCrash(logger);
  for (const warning of unknownVariables(process.env)) logger.warn(warning);
  // Before anything that takes time: the first process of a container gets no signal that it does not ask for.
  const shutdown = new Shutdown(logger);
  const app = await createApp(config, logger);
  shutdown.closes(app, config.http.shutdownGrace);
  try {
    await app.listen(config.http.port, config.http.host);
    await printStartupBanner(app, config, logger);
  } catch (error) {
    if (shutdown.isClosing) return;
    await app.close();
    throw listenFault(error as Error, config.http);
  }
}

main().catch((error: Error) => {
  // A failed start says why in one sentence; a stack does not help with a wrong variable.
  console.error(`Strata cannot start. ${error.message}`);
  process.exit(1);
});
