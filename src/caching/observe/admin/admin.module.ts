import { type DynamicModule, Module } from '@nestjs/common';
import { consoleController } from '../console/console.controller';
import { mountController } from '../mount-controller';
import { RequestStatsModule } from '../telemetry/request-stats.module';
import { CacheAdminController } from './admin.controller';
import { AdminInterceptor } from './admin.interceptor';
import { ADMIN_OPTIONS, type CacheAdminOptions, pathsOf } from './admin.options';
import { EntryBrowser } from './entry-browser';
import { LiveFeed } from './live-feed';
import { Overview } from './overview';
import { CacheStreamsController } from './streams.controller';
import { Warmer } from './warmer';

/** Admin routes to inspect and invalidate the cache, and the console that uses them. Import it beside CachingModule. */
@Module({})
export class CacheAdminModule {
  static forRoot(options: CacheAdminOptions): DynamicModule {
    const { decorators, imports = [] } = options;
    const [path = '', ...console] = pathsOf(options);
    const page = console.map((at) => consoleController(at, path));
    return {
      module: CacheAdminModule,
      imports: [RequestStatsModule, ...imports],
      controllers: [
        mountController(CacheStreamsController, path, decorators),
        mountController(CacheAdminController, path, decorators),
        ...page,
      ],
      providers: [
        { provide: ADMIN_OPTIONS, useValue: options },
        AdminInterceptor,
        EntryBrowser,
        LiveFeed,
        Overview,
        Warmer,
      ],
    };
  }
}
