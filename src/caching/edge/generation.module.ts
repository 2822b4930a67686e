import { type DynamicModule, Module } from '@nestjs/common';
import { GenerationController } from './generation.controller';
import { EDGE_GROUPS, type EdgeGroups } from './generation.options';

/** `GET /edge/generation/:group`, for edges that know no tags. Import it beside CachingModule. */
@Module({})
export class EdgeGenerationModule {
  static forRoot(groups: EdgeGroups): DynamicModule {
    return {
      module: EdgeGenerationModule,
      controllers: [GenerationController],
      providers: [{ provide: EDGE_GROUPS, useValue: groups }],
    };
  }
}
