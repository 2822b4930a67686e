import {
  Get,
  Header,
  HttpCode,
  Inject,
  Post,
  Query,
  Req,
  Res,
  StreamableFile,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { NoParameters } from '../no-parameters';
import { LiveQuery } from './admin.dto';
import { AdminInterceptor } from './admin.interceptor';
import { ADMIN_OPTIONS, type CacheAdminOptions } from './admin.options';
import { ApiRefusal } from '../api-refusal';
import { type EndReason, LiveFeed } from './live-feed';
import { eventStream, ndjson, whenGone } from './streams';
import { Warmer } from './warmer';

const TEXT = { type: 'string' };

/** Routes that stream their progress: warming and the live feed. */
@ApiTags('cache')
@ApiRefusal({ 400: 'a parameter is unknown or wrong', 429: 'too many calls' })
@UseInterceptors(AdminInterceptor)
@UsePipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }))
export class CacheStreamsController {
  constructor(
    @Inject(ADMIN_OPTIONS) private readonly options: CacheAdminOptions,
    @Inject(Warmer) private readonly warmer: Warmer,
    @Inject(LiveFeed) private readonly feed: LiveFeed,
  ) {}

  @Post('warm')
  @HttpCode(200)
  @Header('x-accel-buffering', 'no')
  @ApiOperation({
    operationId: 'warmCache',
    summary: 'Fill the cache with the most requested pages; streams one line for each finished page',
  })
  @ApiOkResponse({ content: { 'application/x-ndjson': { schema: TEXT } } })
  @ApiRefusal({ 409: 'the cache is already being warmed' })
  warm(@Query() _query: NoParameters): StreamableFile {
    return ndjson(this.warmer.start(), () => this.warmer.release());
  }

  @Get('live')
  @Header('x-accel-buffering', 'no')
  @ApiOperation({
    operationId: 'watchCache',
    summary: 'Server-sent events: the last minutes, then a snapshot a second',
  })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: TEXT } } })
  @ApiRefusal({ 503: 'too many live streams are open' })
  live(
    @Query() { seconds }: LiveQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): StreamableFile | undefined {
    // Fastify serves HEAD by running GET, and would read the endless stream to its end.
    if (request.method === 'HEAD') return undefined;
    const gone = new AbortController();
    const ends = this.ends(request, seconds);
    this.feed.enter();
    whenGone(request, reply.raw, Math.min(...ends.map(({ at }) => at)), () => {
      gone.abort();
      this.feed.leave();
    });
    return eventStream(this.feed.events(ends, gone.signal));
  }

  private ends(request: FastifyRequest, seconds: number | undefined): { at: number; why: EndReason }[] {
    const until = this.options.until?.(request);
    return [
      ...(until === undefined ? [] : [{ at: until, why: 'expired' as const }]),
      ...(seconds === undefined ? [] : [{ at: Date.now() + seconds * 1_000, why: 'done' as const }]),
    ];
  }
}
