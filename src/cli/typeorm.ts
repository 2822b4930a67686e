import './supported-node';
import './exit-on-signal';
import { DataSource, type DataSourceOptions, type Migration, type MigrationExecutor } from 'typeorm';
import { loadConfig, loadEnvFile } from '../config';
import { DatabaseServer, optionsWithoutLimits, withMigrationLock } from '../database';
import { migrations } from '../migrations';

type RunOptions = Parameters<DataSource['runMigrations']>[0];

/**
 * What the command line tool works with. It takes the lock that starting nodes take, and destroys its DataSource when it
 * is done: the moment to close an embedded database as well.
 */
class CliDataSource extends DataSource {
  constructor(
    private readonly server: DatabaseServer,
    options: DataSourceOptions,
  ) {
    super(options);
  }

  override runMigrations(options?: RunOptions): Promise<Migration[]> {
    return this.withLock(options, (executor) => executor.executePendingMigrations());
  }

  override undoLastMigration(options?: RunOptions): Promise<void> {
    return this.withLock(options, (executor) => executor.undoLastMigration());
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.server.stop();
  }

  private withLock<T>(
    { transaction = 'all', fake = false }: NonNullable<RunOptions> = {},
    work: (executor: MigrationExecutor) => Promise<T>,
  ): Promise<T> {
    return withMigrationLock(this, this.server, (executor) => {
      Object.assign(executor, { transaction, fake });
      return work(executor);
    });
  }
}

/** What `npm run migration:*` works on: the same database as the service. */
async function open(): Promise<DataSource> {
  loadEnvFile();
  const server = await DatabaseServer.start(loadConfig(process.env).database);
  return new CliDataSource(server, { ...optionsWithoutLimits(server, migrations), entities: ['dist/**/*.entity.js'] });
}

export default open();
