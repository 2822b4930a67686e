import './supported-node';
import { DataSource } from 'typeorm';
import { loadConfig, loadEnvFile } from '../config';
import { dataSourceOptions, DatabaseServer } from '../database';
import { migrations } from '../migrations';

/** The command line tool destroys its DataSource when it is done: the moment to close an embedded database as well. */
class CliDataSource extends DataSource {
  server: DatabaseServer | undefined;

  override async destroy(): Promise<void> {
    await super.destroy();
    await this.server?.stop();
  }
}

/** What `npm run migration:*` works on: the same database as the service. */
async function open(): Promise<DataSource> {
  loadEnvFile();
  const server = await DatabaseServer.start(loadConfig(process.env).database);
  const dataSource = new CliDataSource({
    ...dataSourceOptions(server),
    migrations,
    extra: {},
    entities: ['dist/**/*.entity.js'],
  });
  dataSource.server = server;
  return dataSource;
}

export default open();
