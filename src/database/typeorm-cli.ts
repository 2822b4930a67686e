import { DataSource } from 'typeorm';
import { loadConfig, loadEnvFile } from '../config';
import { dataSourceOptions } from './data-source';
import { DatabaseServer } from './database-server';

/** What `npm run migration:*` works on: the same database as the service, entities found by their file names. */
async function open(): Promise<DataSource> {
  loadEnvFile();
  const server = await DatabaseServer.start(loadConfig(process.env).database);
  return new DataSource({
    ...dataSourceOptions(server),
    entities: ['dist/**/*.entity.js'],
  });
}

export default open();
