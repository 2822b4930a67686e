import { applyDecorators, Controller, type DynamicModule, Module, type Type } from '@nestjs/common';
import { consoleController } from '../console/console.controller';
import { MeasuresModule } from '../telemetry/measures.module';
import { CacheAdminController } from './admin.controller';
import { AdminInterceptor } from './admin.interceptor';
import { ADMIN_OPTIONS, type CacheAdminOptions, pathsOf } from './admin.options';
import { EntryBrowser } from './entry-browser';
import { LiveFeed } from './live-feed';
import { Masks } from './masks';
import { Overview } from './overview';
import { CacheStreamsController } from './streams.controller';
import { Warmer } from './warmer';

/** Routes to look into the cache and to take things out of it, and a page that uses them. Import it beside CachingModule. */
@Module({})
export class CacheAdminModule {
  static forRoot(options: CacheAdminOptions): DynamicModule {
    const { personal, maskSecret, imports = [] } = options;
    const [path = '', ...console] = pathsOf(options);
    const page = console.map((at) => consoleController(at, path));
    return {
      module: CacheAdminModule,
      imports: [MeasuresModule, ...imports],
      controllers: [
        placed(CacheStreamsController, path, options),
        placed(CacheAdminController, path, options),
        ...page,
      ],
      providers: [
        { provide: ADMIN_OPTIONS, useValue: options },
        { provide: Masks, useValue: new Masks(personal, maskSecret) },
        AdminInterceptor,
        EntryBrowser,
        LiveFeed,
        Overview,
        Warmer,
      ],
    };
  }
}

/** The same routes as a class of this module's own, so that a path and guards can be put on it. */
function placed(Routes: Type, path: string, { decorators }: CacheAdminOptions): Type {
  class Placed extends Routes {}
  Object.defineProperty(Placed, 'name', { value: Routes.name });
  applyDecorators(Controller(path), ...decorators)(Placed);
  return Placed;
}
