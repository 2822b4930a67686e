import { DynamicModule, Inject, Module, OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { dataSourceOptions } from './data-source';
import { DatabaseOptions, DatabaseServer } from './database-server';
import { prepareDatabase } from './prepare-database';

@Module({})
class DatabaseServerModule implements OnApplicationShutdown {
  constructor(@Inject(DatabaseServer) private readonly server: DatabaseServer) {}

  static for(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseServerModule,
      providers: [{ provide: DatabaseServer, useFactory: () => startPrepared(options) }],
      exports: [DatabaseServer],
    };
  }

  /** Nest shuts modules down in the reverse of their start, so the pool that uses the server is closed by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.server.stop();
  }
}

async function startPrepared(options: DatabaseOptions): Promise<DatabaseServer> {
  const server = await DatabaseServer.start(options);
  try {
    await prepareDatabase(server);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Gives the application its DataSource: connected, migrated and, where it is embedded, filled. */
@Module({})
export class DatabaseModule {
  static for(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          imports: [DatabaseServerModule.for(options)],
          inject: [DatabaseServer],
          useFactory: (server: DatabaseServer) => ({
            ...dataSourceOptions(server),
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
        }),
      ],
    };
  }
}
