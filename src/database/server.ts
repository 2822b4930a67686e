import { folderFault } from './embedded/data-folder';
import { EmbeddedPostgres } from './embedded/embedded-postgres';
import { startFault } from './start-fault';

export interface DatabaseOptions {
  /** A PostgreSQL server; undefined: the embedded one in `dataDir`. */
  url: string | undefined;
  /** The server itself, where `url` leads to a transaction pooler. */
  directUrl?: string | undefined;
  dataDir: string;
}

/** The server behind the pool: an external one, or an embedded one that starts and stops with the service. */
export class DatabaseServer {
  private constructor(
    readonly url: string,
    private readonly embedded: EmbeddedPostgres | undefined,
    /** For work that needs a session of its own: migrations. */
    readonly directUrl: string = url,
  ) {}

  /** @throws FolderLockedError if another process has the embedded database open; Error that says why its folder cannot be used */
  static async start({ url, directUrl, dataDir }: DatabaseOptions): Promise<DatabaseServer> {
    if (url !== undefined) return new DatabaseServer(url, undefined, directUrl);
    const embedded = await EmbeddedPostgres.start(dataDir);
    return new DatabaseServer(embedded.url, embedded);
  }

  get isEmbedded(): boolean {
    return this.embedded !== undefined;
  }

  /**
   * @param url where it failed; the default is where migrations run
   * @returns an error that says why the server cannot be used, and what to change; no password is in it
   */
  explain(error: unknown, url = this.directUrl): Error {
    if (this.embedded) return folderFault(this.embedded.folder, error);
    const variable = url === this.url ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL';
    return startFault({ variable, url }, error);
  }

  /** Settings of a session would be refused by the pooler, or reach other clients. */
  get isPooled(): boolean {
    return this.directUrl !== this.url;
  }

  async stop(): Promise<void> {
    await this.embedded?.stop();
  }
}
