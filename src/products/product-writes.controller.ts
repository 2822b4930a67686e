import { Body, Controller, Delete, HttpCode, Inject, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { FastifyReply } from 'fastify';
import { RequiresRole } from '../auth';
import { etagOf } from '../caching';
import { AppConfig } from '../config';
import { ApiProblems, NoQuery } from '../http';
import { ApiIdempotencyKey, IdempotencyKey, KeyedCall, Outcome } from '../idempotency';
import { BatchDto, BatchedDto } from './dto/product-batch.dto';
import { ProductDto } from './dto/product.dto';
import { ProductParams } from './dto/product-query.dto';
import { ProductMergeDto, ProductReplaceDto, ProductWriteDto, RepricedDto, RepriceDto } from './dto/product-write.dto';
import { lastModified } from './last-modified';
import { Conditions, type WriteConditions } from './precondition';
import { ProductWritesService } from './product-writes.service';

const PATH = '/api/products';
/** A thousand products with descriptions of ordinary length, in bytes. */
const BATCH_LIMIT = 4 * 1024 * 1024;

const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description: 'The ETag you have seen: write only if it still holds.',
};

const IF_UNMODIFIED_SINCE = {
  name: 'If-Unmodified-Since',
  required: false,
  description: 'The Last-Modified you have seen, in whole seconds. Without If-Match: write only if it still holds.',
};

const WRITE_PROBLEMS = {
  404: 'there is no such product',
  412: 'the product is not as If-Match or another condition says',
  429: 'too many writes',
};

@ApiTags('products')
@ApiProblems({
  400: 'a parameter or field is unknown or wrong; errors names each',
  503: 'the database does not respond',
})
@RequiresRole('editor')
@Controller('api/products')
export class ProductWritesController {
  constructor(
    @Inject(ProductWritesService) private readonly products: ProductWritesService,
    @Inject(AppConfig) private readonly config: AppConfig,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createProduct', summary: 'Add a product' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: ProductDto })
  @ApiProblems({ 413: 'the body is over 64 kB', 429: 'too many writes' })
  async create(
    @Body() body: ProductWriteDto,
    @Query() _query: NoQuery,
    @IdempotencyKey() call: KeyedCall | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDto> {
    const product = withReplay(reply, await this.products.create(body, call));
    void reply.header('location', `${this.config.http.publicUrl ?? ''}${PATH}/${product.id}`);
    return withValidators(reply, product);
  }

  @Post('reprice')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'repriceProducts',
    summary: 'Change all prices of a category by a percentage, in one statement',
  })
  @ApiIdempotencyKey()
  @ApiOkResponse({ type: RepricedDto })
  @ApiProblems({ 429: 'too many writes' })
  async reprice(
    @Body() body: RepriceDto,
    @Query() _query: NoQuery,
    @IdempotencyKey() call: KeyedCall | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RepricedDto> {
    return withReplay(reply, await this.products.reprice(body, call));
  }

  @Post('batch')
  @HttpCode(200)
  @RouteConfig({ bodyLimit: BATCH_LIMIT })
  @ApiOperation({
    operationId: 'changeProducts',
    summary: 'Add, change and delete up to 1,000 products in one transaction: all of it or nothing',
  })
  @ApiIdempotencyKey()
  @ApiOkResponse({ type: BatchedDto })
  @ApiProblems({
    404: 'a product is not there; errors names each',
    413: 'the body is over 4 MB',
    429: 'too many writes',
  })
  async batch(
    @Body() body: BatchDto,
    @Query() _query: NoQuery,
    @IdempotencyKey() call: KeyedCall | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BatchedDto> {
    return withReplay(reply, await this.products.batch(body, call));
  }

  @Patch(':id')
  @ApiBody({ type: ProductMergeDto, examples: { stock: { summary: 'One was sold', value: { stock: 7 } } } })
  @ApiOperation({ operationId: 'updateProduct', summary: 'Change some fields of a product' })
  @ApiHeader(IF_MATCH)
  @ApiHeader(IF_UNMODIFIED_SINCE)
  @ApiOkResponse({ type: ProductDto })
  @ApiProblems(WRITE_PROBLEMS)
  async patch(
    @Param() { id }: ProductParams,
    @Query() _query: NoQuery,
    @Body() body: ProductMergeDto,
    @Conditions() conditions: WriteConditions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDto> {
    return withValidators(reply, await this.products.update(id, body, conditions));
  }

  @Put(':id')
  @ApiOperation({ operationId: 'replaceProduct', summary: 'Replace all fields of a product' })
  @ApiHeader(IF_MATCH)
  @ApiHeader(IF_UNMODIFIED_SINCE)
  @ApiOkResponse({ type: ProductDto })
  @ApiProblems(WRITE_PROBLEMS)
  async put(
    @Param() { id }: ProductParams,
    @Query() _query: NoQuery,
    @Body() body: ProductReplaceDto,
    @Conditions() conditions: WriteConditions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductDto> {
    return withValidators(reply, await this.products.update(id, body, conditions));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteProduct',
    summary: 'Take a product out of the catalogue, and off all watchlists',
  })
  @ApiHeader(IF_MATCH)
  @ApiHeader(IF_UNMODIFIED_SINCE)
  @ApiNoContentResponse()
  @ApiProblems(WRITE_PROBLEMS)
  async remove(
    @Param() { id }: ProductParams,
    @Query() _query: NoQuery,
    @Conditions() conditions: WriteConditions,
  ): Promise<void> {
    await this.products.remove(id, conditions);
  }
}

/** Whether this response repeats an earlier one. */
function withReplay<T>(reply: FastifyReply, { value, replayed }: Outcome<T>): T {
  if (replayed) void reply.header('idempotency-replayed', 'true');
  return value;
}

function withValidators(reply: FastifyReply, body: ProductDto): ProductDto {
  void reply.headers({ etag: etagOf(body), 'last-modified': lastModified(body) });
  return body;
}
