import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerTask } from './embedded-postgres';
import { writeInitialFiles } from './initial-files';
import { WireServer } from './wire/wire-server';

/**
 * PGlite behind a socket, in a thread of its own: WebAssembly blocks the thread it runs on, and over a socket
 * the ordinary pg driver talks to it as it does to a real server.
 */
async function serve({ folder, listen, isNew }: WorkerTask): Promise<void> {
  // These packages are ES modules, and this thread is the only place that pays for loading them.
  const [{ PGlite }, { pg_trgm }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite/contrib/pg_trgm'),
  ]);
  if (isNew) await writeInitialFiles(folder);
  const db = await PGlite.create({ dataDir: folder, extensions: { pg_trgm } });
  const server = await WireServer.listen(db, listen);
  parentPort?.once('message', () => {
    void server
      .close()
      .then(() => db.close())
      .then(() => parentPort?.postMessage('closed'));
  });
  parentPort?.postMessage({ address: server.address });
}

void serve(workerData as WorkerTask);
