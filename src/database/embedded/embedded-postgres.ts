import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { DataFolder, folderFault } from './data-folder';
import { type Endpoint, endpointIn } from './endpoint';
import { FolderLockedError, lockFolder, SILENT_FOR } from './folder-lock';

/**
 * For how long a process that is ending may still have the folder, and how often that is looked at, in ms:
 * `nest start --watch` starts the next one at once.
 */
const ENDING_FOR = 5_000;
const LOOK_EVERY = 50;

/** Input of the worker thread. */
export interface WorkerTask {
  folder: string;
  listen: Endpoint['listen'];
  /** The folder is empty: fill it first. */
  isNew: boolean;
}

/** PostgreSQL inside this process, for machines that have none: PGlite, kept in a folder. */
export class EmbeddedPostgres {
  private constructor(
    /** Where the pg driver finds it. */
    readonly url: string,
    /** DATA_DIR, as a whole path. */
    readonly folder: string,
    private readonly worker: Worker,
    private readonly release: () => void,
  ) {}

  /**
   * @param dataDir made if it is not there; kept between starts
   * @throws FolderLockedError if another process has it open; Error that says why the folder cannot be used
   */
  static async start(dataDir: string): Promise<EmbeddedPostgres> {
    const folder = resolve(dataDir);
    try {
      return await EmbeddedPostgres.open(folder);
    } catch (cause) {
      if (cause instanceof FolderLockedError) throw cause;
      throw folderFault(folder, cause);
    }
  }

  private static async open(folder: string): Promise<EmbeddedPostgres> {
    const releases = [await lockSoon(folder)];
    const release = (): void => releases.forEach((undo) => undo());
    try {
      const data = new DataFolder(folder);
      const isNew = data.prepare();
      if (isNew && process.stdout.isTTY) process.stdout.write(`  Making an embedded PostgreSQL in ${folder} …\n`);
      const endpoint = endpointIn(data.path);
      releases.push(() => endpoint.remove());
      const task: WorkerTask = { folder: data.path, listen: endpoint.listen, isNew };
      const worker = new Worker(join(__dirname, 'pglite.worker.js'), { workerData: task });
      const [{ address }] = (await once(worker, 'message')) as [{ address: string }];
      data.finish();
      // From here on the pg driver reports what happens to the worker; it must not keep the process alive.
      worker.unref();
      return new EmbeddedPostgres(endpoint.urlOf(address), folder, worker, release);
    } catch (error) {
      release();
      throw error;
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

/**
 * Waits for a process that is ending, and longer for one of another container or machine that shows
 * no sign of life: a killed container may have left that lock.
 * @throws FolderLockedError when the other process goes on
 */
async function lockSoon(folder: string): Promise<() => void> {
  const began = performance.now();
  let lastSign: number | undefined;
  for (;;) {
    try {
      return lockFolder(folder);
    } catch (error) {
      if (!(error instanceof FolderLockedError)) throw error;
      if (lastSign === undefined && error.lastSign !== undefined) {
        lastSign = error.lastSign;
        console.error(
          `Waiting for the data folder ${folder}: if ${error.holder} has ended, that is certain after ` +
            `${SILENT_FOR / 1_000} s without a sign of life.`,
        );
      }
      const isSilent = lastSign !== undefined && error.lastSign === lastSign;
      if (performance.now() - began > (isSilent ? SILENT_FOR + ENDING_FOR : ENDING_FOR)) throw error;
    }
    await pause(LOOK_EVERY);
  }
}
