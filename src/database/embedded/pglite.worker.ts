import { parentPort, workerData } from 'node:worker_threads';

/**
 * PGlite behind a socket, in a thread of its own: WebAssembly blocks the thread it runs on, and over a socket
 * the ordinary pg driver talks to it as it does to a real server.
 */
async function serve(folder: string): Promise<void> {
  // These packages are ES modules, and this thread is the only place that pays for loading them.
  const { PGlite } = await import('@electric-sql/pglite');
  const { pg_trgm } = await import('@electric-sql/pglite/contrib/pg_trgm');
  const { PGLiteSocketServer } = await import('@electric-sql/pglite-socket');
  const db = await PGlite.create({ dataDir: folder, extensions: { pg_trgm } });
  const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 8 });
  const address = new Promise<string>((resolve) => {
    server.addEventListener('listening', () => resolve(server.getServerConn()), { once: true });
  });
  await server.start();
  parentPort?.once('message', () => {
    void server
      .stop()
      .then(() => db.close())
      .then(() => parentPort?.postMessage('closed'));
  });
  parentPort?.postMessage({ address: await address });
}

void serve(workerData as string);
