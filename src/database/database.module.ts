import { DynamicModule, Inject, Module, OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { dataSourceOptions } from './data-source';
import { READ_SIGNAL, ReadGate, type ReadSignal } from './read-gate';
import { DatabaseServer } from './server';

/** Runs before the application connects: migrations and first data. */
export type PrepareDatabase = (server: DatabaseServer) => Promise<void>;

@Module({})
class DatabaseServerModule implements OnApplicationShutdown {
  constructor(@Inject(DatabaseServer) private readonly server: DatabaseServer) {}

  static for(server: Promise<DatabaseServer>, prepare: PrepareDatabase): DynamicModule {
    return {
      module: DatabaseServerModule,
      providers: [{ provide: DatabaseServer, useFactory: async () => prepared(await server, prepare) }],
      exports: [DatabaseServer],
    };
  }

  /** Nest shuts modules down in the reverse of their start, so the pool that uses the server is closed by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.server.stop();
  }
}

async function prepared(server: DatabaseServer, prepare: PrepareDatabase): Promise<DatabaseServer> {
  await orExplain(server, server.directUrl, prepare(server));
  return server;
}

function connected(server: DatabaseServer, options: DataSourceOptions): Promise<DataSource> {
  return orExplain(server, server.url, new DataSource(options).initialize());
}

async function orExplain<T>(server: DatabaseServer, url: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    await server.stop();
    throw server.explain(error, url);
  }
}

/** Gives the application its DataSource, connected to a server that `prepare` has migrated. */
@Module({})
export class DatabaseModule {
  /** @param server may still be starting @param signal aborts when no caller waits for the current read any more */
  static for(server: Promise<DatabaseServer>, prepare: PrepareDatabase, signal: ReadSignal): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [ReadGate, { provide: READ_SIGNAL, useValue: signal }],
      exports: [ReadGate],
      imports: [
        TypeOrmModule.forRootAsync({
          imports: [DatabaseServerModule.for(server, prepare)],
          inject: [DatabaseServer],
          useFactory: (server: DatabaseServer) => ({
            ...dataSourceOptions(server),
            autoLoadEntities: true,
            retryAttempts: 0,
            // It would log the error with its stack; the start reports it in one sentence.
            toRetry: () => false,
          }),
          dataSourceFactory: async (options) => connected(await server, options!),
        }),
      ],
    };
  }
}
