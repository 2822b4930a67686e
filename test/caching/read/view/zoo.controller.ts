import { Readable } from 'node:stream';
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  GoneException,
  Header,
  Headers,
  HttpCode,
  Injectable,
  NotFoundException,
  Param,
  Query,
  Redirect,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { of } from 'rxjs';
import { CacheView } from '../../../../src/caching';
import { language } from './zoo.setups';

class Teapot extends Error {}

@Catch(Teapot)
export class TeapotFilter implements ExceptionFilter {
  catch(_error: Teapot, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().code(418).send({ short: 'and stout' });
  }
}

/** Finds the user by a header that HTTP knows nothing of. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    const name = request.headers['x-api-key'];
    if (name) request.user = { id: name };
    return true;
  }
}

/** A handler of each kind that the framework treats in a way of its own. */
@Controller()
export class Zoo {
  @Get('object') @CacheView() object(): object {
    return { a: 1, nested: [true, null] };
  }
  @Get('array') @CacheView() array(): number[] {
    return [1, 2];
  }
  @Get('text') @CacheView() text(): string {
    return 'ümläut';
  }
  @Get('json-text') @Header('content-type', 'application/json') @CacheView() jsonText(): string {
    return '{"a":1}';
  }
  @Get('number') @CacheView() number(): number {
    return 7;
  }
  @Get('boolean') @CacheView() boolean(): boolean {
    return false;
  }
  @Get('null') @CacheView() null(): null {
    return null;
  }
  @Get('undefined') @CacheView() undefined(): undefined {
    return undefined;
  }
  @Get('buffer') @CacheView() buffer(): Buffer {
    return Buffer.from([0, 255, 10]);
  }
  @Get('typed-array') @CacheView() typedArray(): Uint8Array {
    return new Uint8Array([1, 2, 3]);
  }
  @Get('stream') @CacheView() stream(): Readable {
    return Readable.from(['one', 'two']);
  }
  @Get('file') @CacheView() file(): StreamableFile {
    return new StreamableFile(Buffer.from('file'), { type: 'text/x-file', disposition: 'attachment' });
  }
  @Get('observable') @CacheView() observable(): unknown {
    return of({ from: 'rxjs' });
  }
  @Get('promise') @CacheView() async promise(): Promise<object> {
    return Promise.resolve({ later: true });
  }
  @Get('bigint') @CacheView() bigint(): object {
    return { n: 1n };
  }
  @Get('date') @CacheView() date(): object {
    return { at: new Date(0) };
  }
  @Get('to-json') @CacheView() toJson(): object {
    return { toJSON: () => ({ as: 'json' }) };
  }
  @Get('created') @HttpCode(201) @CacheView() created(): object {
    return { created: true };
  }
  @Get('no-content') @HttpCode(204) @CacheView() noContent(): void {
    return undefined;
  }
  @Get('header') @Header('x-own', 'yes') @CacheView() header(): object {
    return { header: true };
  }
  @Get('csv') @Header('content-type', 'text/csv') @CacheView() csv(): string {
    return 'a;b';
  }
  @Get('redirect') @Redirect('/elsewhere', 301) @CacheView() redirect(): void {
    return undefined;
  }
  @Get('redirect-dynamic') @Redirect('/default', 302) @CacheView() redirectDynamic(): object {
    return { url: '/chosen', statusCode: 307 };
  }
  @Get('missing') @CacheView() missing(): object {
    throw new NotFoundException({ code: 'no_such_thing' });
  }
  @Get('gone') @CacheView() gone(): object {
    throw new GoneException('no more');
  }
  @Get('teapot') @CacheView() teapot(): object {
    throw new Teapot();
  }
  @Get('crash') @CacheView() crash(): object {
    throw new Error('secret detail');
  }
  @Get('no-store') @CacheView() noStore(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('cache-control', 'no-store');
    return { private: Math.PI };
  }
  @Get('max-age') @CacheView() maxAge(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('cache-control', 'public, max-age=5').header('x-set', 'late');
    return { a: 1 };
  }
  @Get('own-etag') @CacheView() ownEtag(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('etag', '"of-the-handler"');
    return { a: 1 };
  }
  @Get('vary-unknown') @CacheView() varyUnknown(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('vary', 'accept-language');
    return { hello: 'world' };
  }
  @Get('language') @CacheView({ vary: ['accept-language'] }) language(
    @Headers('accept-language') language?: string,
  ): object {
    return { language: language ?? 'none' };
  }
  @Get('cookie') @CacheView() cookie(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('set-cookie', 'a=1');
    return { cookie: true };
  }
  @Get('links') @CacheView() links(@Res({ passthrough: true }) reply: FastifyReply): object {
    void reply.header('link', ['</a>; rel=preload', '</b>; rel=preload']);
    return { links: 2 };
  }
  @Get('sent') @CacheView() sent(@Res() reply: FastifyReply): void {
    void reply.send({ by: 'the handler' });
  }
  @Get('echo/:id') @CacheView() echo(@Param('id') id: string, @Query('q') q?: string): object {
    return { id, q };
  }
  @Get('who') @CacheView() who(): object {
    return { anybody: true };
  }
  @Get('schema')
  @RouteConfig({ schemaOf: 'account' })
  @CacheView()
  schema(): object {
    return { name: 'alice', passwordHash: 'scrypt$…' };
  }
  @Get('large') @CacheView() large(): object {
    return { text: 'x'.repeat(5_000) };
  }
  @Get('translated') @CacheView() translated(): object {
    return { hello: language.getStore() ?? 'untranslated', text: 'x'.repeat(200) };
  }
}
