import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/**
 * PGlite behind a socket, in a thread of its own: WebAssembly blocks the thread it runs on, and over a socket
 * the ordinary pg driver talks to it as it does to a real server.
 */
async function serve(folder: string): Promise<void> {
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
