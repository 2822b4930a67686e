import { EmbeddedPostgres } from './embedded/embedded-postgres';

export interface DatabaseOptions {
  /** A PostgreSQL server; undefined: the embedded one in `dataDir`. */
  url: string | undefined;
  dataDir: string;
}

/** The server behind the pool: somebody else's, or an embedded one that starts and stops with us. */
export class DatabaseServer {
  private constructor(
    readonly url: string,
    private readonly embedded: EmbeddedPostgres | undefined,
  ) {}

  /** @throws FolderLockedError if another process has the embedded database open */
  static async start({ url, dataDir }: DatabaseOptions): Promise<DatabaseServer> {
    if (url !== undefined) return new DatabaseServer(url, undefined);
    const embedded = await EmbeddedPostgres.start(dataDir);
    return new DatabaseServer(embedded.url, embedded);
  }

  get isEmbedded(): boolean {
    return this.embedded !== undefined;
  }

  async stop(): Promise<void> {
    await this.embedded?.stop();
  }
}
