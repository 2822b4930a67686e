import { Controller, Get, Header, Headers, Inject, NotFoundException, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { MaxLength } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { CacheStack } from '../core/cache-stack';
import { CACHE_STACK } from '../caching.tokens';
import { CacheError } from '../caching.errors';
import { GENERATION_HEADER, generationText } from '../core/clock/generation';
import { EDGE_GROUPS, type EdgeGroups } from './edge-groups';

/** Questions to the clock that may go unanswered, each for `l2Timeout`; nginx waits for a second. */
const TRIES = 4;

class GroupParams {
  @ApiProperty({ example: 'product:42' })
  @MaxLength(128)
  group!: string;
}

class NoQuery {}

export class GenerationDto {
  @ApiProperty({ example: 'product:42' })
  group!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '7b1e43f0-1e0c-4c6e-8a0e-2b3f6c1d9a57.1764',
    description: 'null: the clock cannot be asked, so nothing that is kept may be trusted.',
  })
  generation!: string | null;
}

/**
 * Tells an edge that knows no tags when a group of answers was last changed. It keeps answers under that name, so that a write makes
 * the old ones unreachable, those that are still on their way included.
 */
@ApiTags('edge')
@Controller('edge/generation')
export class GenerationController {
  constructor(
    @Inject(CACHE_STACK) private readonly stack: CacheStack,
    @Inject(EDGE_GROUPS) private readonly groups: EdgeGroups,
  ) {}

  @Get(':group')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'When was a group of answers last changed? For nginx, as part of the name it keeps them under',
  })
  @ApiOkResponse({ type: GenerationDto, headers: { 'X-Cache-Generation': { schema: { type: 'string' } } } })
  async generation(
    @Param() { group }: GroupParams,
    @Query() _query: NoQuery,
    @Headers('x-edge-time') time: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GenerationDto> {
    const tags = this.groups.tagsOf(group);
    if (!tags) throw new NotFoundException('There is no such group.');
    const generation = await this.ask(tags);
    if (generation !== null) void reply.header(GENERATION_HEADER, generation);
    void reply.header('x-accel-expires', untilTheSecondEnds(time));
    return { group, generation };
  }

  /** Asked of the clock itself: right as well on a node that has not heard of the last stamps yet. */
  private async ask(tags: readonly string[]): Promise<string | null> {
    const { clock } = this.stack;
    if (!(await this.isAsked())) return null;
    // What is known by now belongs together; the clock may have learned more since it was asked.
    return generationText({ epoch: clock.instant().epoch, tick: clock.lastStamp(tags) });
  }

  /** Without an answer the edge keeps nothing and sends everybody here: on a busy machine that would be too much haste. */
  private async isAsked(): Promise<boolean> {
    for (let tries = TRIES; tries > 0; tries -= 1) {
      try {
        await this.stack.clock.now();
        return true;
      } catch (error) {
        if (!(error instanceof CacheError) || error.code !== 'CACHE_TIMEOUT') return false;
      }
    }
    return false;
  }
}

/**
 * nginx counts in whole seconds, so "1" may last for almost two. It says what its clock shows, and is told to keep the answer
 * for as long as that shows the same second.
 * @param time seconds, with or without a fraction (nginx's `$msec`)
 */
function untilTheSecondEnds(time = ''): string {
  const [, seconds] = /^(\d{9,11})(\.\d{1,9})?$/.exec(time) ?? [];
  return seconds === undefined ? '1' : `@${seconds}`;
}
