import './cli/supported-node';
import { Shutdown } from './app/shutdown';
import { loadConfig, loadEnvFile } from './config';
import { DatabaseServer } from './database/server';

async function main(): Promise<void> {
  // Before anything that takes time: the first process of a container gets no signal that it does not ask for.
  const shutdown = new Shutdown();
  loadEnvFile();
  const config = loadConfig(process.env);
  // An embedded database starts in a thread of its own, while this one loads the application.
  const server = DatabaseServer.start(config.database);
  // Where it fails meanwhile, the application reports it.
  server.catch(() => undefined);
  const { serve } = await import('./app/serve.js');
  await serve(config, server, shutdown);
}

main().catch((error: NodeJS.ErrnoException) => {
  // A failed start says why in one sentence; a stack does not help with a wrong variable. Where a host has several
  // addresses, only the code of Node's error says what failed.
  console.error(`Strata cannot start. ${error.message || error.code}`);
  process.exit(1);
});
