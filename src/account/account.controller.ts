import { Controller, Delete, Get, HttpCode, Inject, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentUser, SignedIn, User } from '../auth';
import { CacheView, withItems } from '../caching';
import { AppConfig } from '../config';
import { ApiProblems, IntegerParam, NoQuery, PAGE_SIZE, pageLinks, PageQuery, toPage } from '../http';
import { MAX_ID } from '../products';
import { AccountService } from './account.service';
import { DashboardDto } from './dashboard.dto';

class WatchlistParams {
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_ID, example: 42 })
  @IntegerParam(1, MAX_ID)
  productId!: number;
}

@ApiTags('account')
@SignedIn()
@ApiProblems({ 400: 'a parameter is unknown or wrong; errors names each', 503: 'the database does not respond' })
@Controller('api/me')
export class AccountController {
  constructor(
    @Inject(AccountService) private readonly account: AccountService,
    @Inject(AppConfig) private readonly config: AppConfig,
  ) {}

  @Get('dashboard')
  @CacheView({ private: true, assembled: true })
  @ApiOperation({ operationId: 'getDashboard', summary: 'Your watchlist and what it adds up to' })
  @ApiOkResponse({ type: DashboardDto })
  @ApiProblems({ 404: 'the page is past the last' })
  async dashboard(@CurrentUser() user: User, @Query() query: PageQuery): Promise<DashboardDto> {
    const { summary, texts } = await this.account.dashboard(user.id, query.page);
    const linkTo = pageLinks(this.config.http.publicUrl, '/api/me/dashboard', query, new PageQuery());
    const page = toPage(summary.watched, [], { page: query.page, pageSize: PAGE_SIZE, linkTo });
    return withItems({ user: user.id, summary, ...page }, 'results', texts);
  }

  @Put('watchlist/:productId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'watchProduct', summary: 'Watch a product' })
  @ApiNoContentResponse()
  @ApiProblems({ 404: 'there is no such product', 409: 'the list is full', 429: 'too many writes' })
  async watch(@CurrentUser() user: User, @Param() params: WatchlistParams, @Query() _query: NoQuery): Promise<void> {
    await this.account.watch(user.id, params.productId);
  }

  @Delete('watchlist/:productId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'unwatchProduct', summary: 'Watch it no longer' })
  @ApiNoContentResponse()
  @ApiProblems({ 429: 'too many writes' })
  async unwatch(@CurrentUser() user: User, @Param() params: WatchlistParams, @Query() _query: NoQuery): Promise<void> {
    await this.account.unwatch(user.id, params.productId);
  }
}
