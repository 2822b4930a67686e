import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { lockFolder } from './folder-lock';

/** PostgreSQL inside this process, for machines that have none: PGlite, kept in a folder. */
export class EmbeddedPostgres {
  private constructor(
    /** Where the pg driver finds it, on loopback. */
    readonly url: string,
    private readonly worker: Worker,
    private readonly release: () => void,
  ) {}

  /**
   * @param dataDir made if it is not there; kept between starts
   * @throws FolderLockedError if another process has it open
   */
  static async start(dataDir: string): Promise<EmbeddedPostgres> {
    const folder = resolve(dataDir);
    const release = lockFolder(folder);
    try {
      if (process.stdout.isTTY && !existsSync(join(folder, 'pglite'))) {
        process.stdout.write(`  Making an embedded PostgreSQL in ${folder} …\n`);
      }
      const worker = new Worker(join(__dirname, 'pglite.worker.js'), { workerData: join(folder, 'pglite') });
      const [message] = (await once(worker, 'message')) as [{ address: string }];
      // What happens to the worker from here on is told by the pg driver; it must not keep the process alive.
      worker.unref();
      return new EmbeddedPostgres(`postgres://postgres@${message.address}/postgres`, worker, release);
    } catch (error) {
      release();
      throw new Error(`The embedded database in ${folder} cannot be opened: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Closes the database cleanly. Close the pool that uses it first. */
  async stop(): Promise<void> {
    this.worker.ref();
    const closed = once(this.worker, 'message');
    this.worker.postMessage('close');
    await closed;
    await this.worker.terminate();
    this.release();
  }
}
