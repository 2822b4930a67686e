import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FastifyReply } from 'fastify';
import { CacheView, withItems } from '../caching';
import { AppConfig } from '../config';
import { ApiProblems, cursorLink, CursorPage, NoQuery, Page, PAGE_SIZE, pageLinks, toPage } from '../http';
import { CursorPagesService, CursorSlice } from './cursor-pages.service';
import { ProductDetailDto, ProductDto, ProductPageDto } from './dto/product.dto';
import { FeaturedQuery, filterOf, ProductDetailQuery, ProductListQuery, ProductParams } from './dto/product-query.dto';
import { ProductStatsDto } from './dto/product-stats.dto';
import { lastModified } from './last-modified';
import { ProductsService } from './products.service';

const PATH = '/api/products';

@ApiTags('products')
@ApiProblems({
  400: 'a parameter or field is unknown or wrong; errors names each',
  503: 'the database does not respond',
})
@Controller('api/products')
export class ProductsController {
  constructor(
    @Inject(ProductsService) private readonly products: ProductsService,
    @Inject(CursorPagesService) private readonly cursors: CursorPagesService,
    @Inject(AppConfig) private readonly config: AppConfig,
  ) {}

  @Get()
  @CacheView({ shared: true, edge: true, assembled: true })
  @ApiOperation({ operationId: 'listProducts', summary: 'List, filter, search and order products' })
  @ApiOkResponse({ type: ProductPageDto })
  @ApiProblems({ 404: 'the page is past the last' })
  async list(@Query() query: ProductListQuery): Promise<Page<ProductDto> | CursorPage<ProductDto>> {
    if (query.cursor !== undefined) {
      const slice = await this.cursors.list(filterOf(query), query.ordering, query.cursor, query.page_size);
      return this.byCursor(slice, PATH, query, new ProductListQuery());
    }
    const { count, texts } = await this.products.list(query);
    const linkTo = pageLinks(this.config.http.publicUrl, PATH, query, new ProductListQuery());
    const page = toPage(count, [], { page: query.page, pageSize: query.page_size, linkTo });
    return withItems(page, 'results', texts);
  }

  @Get('featured')
  @CacheView({ shared: true, edge: true, assembled: true })
  @ApiOperation({ operationId: 'listFeaturedProducts', summary: 'Products rated 4.5 or better, newest first' })
  @ApiOkResponse({ type: ProductPageDto })
  @ApiProblems({ 404: 'the page is past the last' })
  async featured(@Query() query: FeaturedQuery): Promise<Page<ProductDto> | CursorPage<ProductDto>> {
    if (query.cursor !== undefined) {
      const slice = await this.cursors.featured(query.cursor, PAGE_SIZE);
      return this.byCursor(slice, `${PATH}/featured`, query, new FeaturedQuery());
    }
    const { count, texts } = await this.products.featured(query.page, PAGE_SIZE);
    const linkTo = pageLinks(this.config.http.publicUrl, `${PATH}/featured`, query, new FeaturedQuery());
    const page = toPage(count, [], { page: query.page, pageSize: PAGE_SIZE, linkTo });
    return withItems(page, 'results', texts);
  }

  @Get('stats')
  @CacheView({ shared: true, edge: true, assembled: true })
  @ApiOperation({ operationId: 'getProductStats', summary: 'Counts, prices and ratings by category' })
  @ApiOkResponse({ type: ProductStatsDto })
  stats(@Query() _query: NoQuery): Promise<ProductStatsDto> {
    return this.products.stats();
  }

  @Get(':id')
  @CacheView({ shared: true, edge: true, inProcess: true })
  @ApiOperation({ operationId: 'getProduct', summary: 'One product, its price converted on request' })
  @ApiOkResponse({
    type: ProductDetailDto,
    headers: { ETag: { description: 'For If-Match.', schema: { type: 'string' } } },
  })
  @ApiProblems({ 404: 'there is no such product', 503: 'the database or the rates API does not respond' })
  async get(
    @Param() { id }: ProductParams,
    @Query() { currency }: ProductDetailQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDetailDto> {
    const product = currency === undefined ? await this.products.get(id) : await this.products.getIn(id, currency);
    void reply.header('last-modified', lastModified(product));
    return product;
  }

  private byCursor(
    { texts, next, previous }: CursorSlice,
    path: string,
    query: object,
    defaults: object,
  ): CursorPage<ProductDto> {
    const link = cursorLink(this.config.http.publicUrl, path, query, defaults);
    return withItems({ count: null, next: link(next), previous: link(previous) }, 'results', texts);
  }
}
