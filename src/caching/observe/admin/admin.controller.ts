import {
  BadRequestException,
  Body,
  Delete,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { CacheStack } from '../../core/cache-stack';
import { CACHE_STACK } from '../../caching.tokens';
import { userOfTag } from '../../core/clock/user-tag';
import { keyTag } from '../../core/store/entry';
import { NoParameters } from '../no-parameters';
import { DeletedDto, EvictDto, EvictedDto, StampDto } from './admin.dto';
import { AdminInterceptor } from './admin.interceptor';
import { ApiRefusal } from '../api-refusal';
import { EntriesQuery, EntryDto, EntryPageDto, EntryParams } from './entry.dto';
import { EntryBrowser } from './entry-browser';
import { Overview } from './overview';
import { OverviewDto } from './overview.dto';
import { orServiceUnavailable } from './or-service-unavailable';

/**
 * Routes to inspect the cache and to invalidate entries. CacheAdminModule mounts them under a path with the application's guards, so
 * this class knows no roles.
 */
@ApiTags('cache')
@ApiRefusal({
  400: 'a parameter or field is unknown or wrong',
  429: 'too many calls',
  503: 'Redis does not respond: try again',
})
@UseInterceptors(AdminInterceptor)
@UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
export class CacheAdminController {
  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(EntryBrowser) private readonly browser: EntryBrowser,
    @Inject(Overview) private readonly overview: Overview,
  ) {}

  @Get('stats')
  @ApiOperation({
    operationId: 'getCacheStats',
    summary: 'Counters of this node by layer and tier, since its start and over the last minute',
  })
  @ApiOkResponse({ type: OverviewDto })
  stats(@Query() _query: NoParameters): OverviewDto {
    return this.overview.snapshot();
  }

  @Get('entries')
  @ApiOperation({
    operationId: 'listCacheEntries',
    summary: 'Entries by tag or key prefix: first those of this node, then those only in Redis',
  })
  @ApiOkResponse({ type: EntryPageDto })
  entries(@Query() query: EntriesQuery): Promise<EntryPageDto> {
    return orServiceUnavailable('The entries in Redis', this.browser.page(query));
  }

  @Get('entries/:key')
  @ApiOperation({
    operationId: 'getCacheEntry',
    summary: 'One entry: its tags, whether it would be served, and if not, why. Never its body',
  })
  @ApiOkResponse({ type: EntryDto })
  @ApiRefusal({ 404: 'there is no such entry' })
  async entry(@Param() { key }: EntryParams, @Query() _query: NoParameters): Promise<EntryDto> {
    const entry = await orServiceUnavailable('The entry', this.browser.entry(key));
    if (!entry) throw new NotFoundException('There is no such entry, on this node or in Redis.');
    return entry;
  }

  @Delete('entries/:key')
  @ApiOperation({ operationId: 'deleteCacheEntry', summary: 'Invalidate one entry on every node' })
  @ApiOkResponse({ type: DeletedDto })
  async delete(@Param() { key }: EntryParams, @Query() _query: NoParameters): Promise<DeletedDto> {
    refuseNames('key', [keyTag(key)]);
    // Without Redis this node still drops its entry; the 503 below says that other nodes did not.
    const found = await this.browser.entry(key).then(Boolean, () => false);
    await orServiceUnavailable('The deletion', this.stack.store.delete(key));
    return { key, found };
  }

  @Post('evict')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'evictTags',
    summary: 'Invalidate everything that depends on one of these tags, on every node',
  })
  @ApiOkResponse({ type: EvictedDto })
  async evict(@Body() { tags }: EvictDto, @Query() _query: NoParameters): Promise<EvictedDto> {
    refuseNames('tags', tags);
    const stamped = [...new Set(tags)];
    const at = await orServiceUnavailable('The eviction', this.stack.store.invalidate(stamped));
    const { epoch, tick } = at ?? this.stack.clock.instant();
    return { tags: stamped, epoch, tick };
  }

  @Delete()
  @ApiOperation({
    operationId: 'clearCache',
    summary: 'Invalidate everything under this prefix, on every node, by starting a new epoch',
  })
  @ApiOkResponse({ type: StampDto })
  async clear(@Query() _query: NoParameters): Promise<StampDto> {
    await orServiceUnavailable('Clearing', this.stack.store.clear());
    const { epoch, tick } = this.stack.clock.instant();
    return { epoch, tick };
  }
}

/**
 * An administrator could otherwise test names, by the entries that become stale.
 * @param field of the request that has the tags
 * @throws BadRequestException for a tag that names a user instead of having the pseudonym
 */
function refuseNames(field: string, tags: readonly string[]): void {
  if (!tags.some((tag) => userOfTag(tag) !== undefined)) return;
  throw new BadRequestException(
    `${field}: a tag of a user is written with the pseudonym that entries show. Application code that knows the user calls CacheService.evict().`,
  );
}
