import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { FastifyReply } from 'fastify';
import { RequiresRole } from '../auth';
import { CacheView, etagOf } from '../caching';
import { AppConfig } from '../config';
import { ApiProblems, NoQuery, Page, PAGE_SIZE, pageLinks, PageQuery, toPage } from '../http';
import { ProductDetailDto, ProductDto, ProductPageDto } from './dto/product.dto';
import { ProductDetailQuery, ProductListQuery, ProductParams } from './dto/product-query.dto';
import { ProductStatsDto } from './dto/product-stats.dto';
import { ProductPatchDto, ProductWriteDto, RepricedDto, RepriceDto } from './dto/product-write.dto';
import { ProductsService } from './products.service';

const PATH = '/api/products';

const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description: 'The ETag you have seen: write only if it still holds.',
};

const WRITE_PROBLEMS = {
  404: 'there is no such product',
  412: 'If-Match names another version',
  429: 'too many writes',
};

@ApiTags('products')
@ApiProblems({
  400: 'a parameter or field is unknown or wrong; errors names each',
  503: 'the database does not answer',
})
@Controller('api/products')
export class ProductsController {
  constructor(
    @Inject(ProductsService) private readonly products: ProductsService,
    @Inject(AppConfig) private readonly config: AppConfig,
  ) {}

  @Get()
  @CacheView({ shared: true, edge: true })
  @ApiOperation({ summary: 'List, filter, search and order products' })
  @ApiOkResponse({ type: ProductPageDto })
  @ApiProblems({ 404: 'the page is behind the last' })
  async list(@Query() query: ProductListQuery): Promise<Page<ProductDto>> {
    const { count, results } = await this.products.list(query);
    const linkTo = pageLinks(this.config.http.publicUrl, PATH, query, new ProductListQuery());
    return toPage(count, results, { page: query.page, pageSize: query.page_size, linkTo });
  }

  @Get('featured')
  @CacheView({ shared: true, edge: true })
  @ApiOperation({ summary: 'Products rated 4.5 or better, newest first' })
  @ApiOkResponse({ type: ProductPageDto })
  @ApiProblems({ 404: 'the page is behind the last' })
  async featured(@Query() query: PageQuery): Promise<Page<ProductDto>> {
    const { count, results } = await this.products.featured(query.page, PAGE_SIZE);
    const linkTo = pageLinks(this.config.http.publicUrl, `${PATH}/featured`, query, new PageQuery());
    return toPage(count, results, { page: query.page, pageSize: PAGE_SIZE, linkTo });
  }

  @Get('stats')
  @CacheView({ shared: true, edge: true })
  @ApiOperation({ summary: 'Counts, prices and ratings by category' })
  @ApiOkResponse({ type: ProductStatsDto })
  stats(@Query() _query: NoQuery): Promise<ProductStatsDto> {
    return this.products.stats();
  }

  @Get(':id')
  @CacheView({ shared: true, edge: true })
  @ApiOperation({ summary: 'One product, its price converted on request' })
  @ApiOkResponse({
    type: ProductDetailDto,
    headers: { ETag: { description: 'For If-Match.', schema: { type: 'string' } } },
  })
  @ApiProblems({ 404: 'there is no such product', 503: 'the database or the rates API does not answer' })
  get(@Param() { id }: ProductParams, @Query() { currency }: ProductDetailQuery): Promise<ProductDetailDto> {
    return currency === undefined ? this.products.get(id) : this.products.getIn(id, currency);
  }

  @Post()
  @RequiresRole('editor')
  @ApiOperation({ summary: 'Add a product' })
  @ApiCreatedResponse({ type: ProductDto })
  @ApiProblems({ 413: 'the body is over 64 kB', 429: 'too many writes' })
  async create(
    @Body() body: ProductWriteDto,
    @Query() _query: NoQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDto> {
    const product = await this.products.create(body);
    void reply.header('location', `${PATH}/${product.id}`);
    return withEtag(reply, product);
  }

  @Post('reprice')
  @HttpCode(200)
  @RequiresRole('editor')
  @ApiOperation({ summary: 'Change all prices of a category by a percentage, in one statement' })
  @ApiOkResponse({ type: RepricedDto })
  @ApiProblems({ 429: 'too many writes' })
  reprice(@Body() body: RepriceDto, @Query() _query: NoQuery): Promise<RepricedDto> {
    return this.products.reprice(body);
  }

  @Patch(':id')
  @RequiresRole('editor')
  @ApiOperation({ summary: 'Change some fields of a product' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: ProductDto })
  @ApiProblems(WRITE_PROBLEMS)
  async patch(
    @Param() { id }: ProductParams,
    @Query() _query: NoQuery,
    @Body() body: ProductPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDto> {
    return withEtag(reply, await this.products.update(id, body, ifMatch));
  }

  @Put(':id')
  @RequiresRole('editor')
  @ApiOperation({ summary: 'Replace all fields of a product' })
  @ApiHeader(IF_MATCH)
  @ApiOkResponse({ type: ProductDto })
  @ApiProblems(WRITE_PROBLEMS)
  async put(
    @Param() { id }: ProductParams,
    @Query() _query: NoQuery,
    @Body() body: ProductWriteDto,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDto> {
    return withEtag(reply, await this.products.update(id, body, ifMatch));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequiresRole('editor')
  @ApiOperation({ summary: 'Take a product out of the catalogue, and off all watchlists' })
  @ApiHeader(IF_MATCH)
  @ApiNoContentResponse()
  @ApiProblems(WRITE_PROBLEMS)
  async remove(
    @Param() { id }: ProductParams,
    @Query() _query: NoQuery,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.products.remove(id, ifMatch);
  }
}

function withEtag<T>(reply: FastifyReply, body: T): T {
  void reply.header('etag', etagOf(body));
  return body;
}
