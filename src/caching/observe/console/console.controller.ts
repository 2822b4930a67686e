import { Controller, Get, Headers, HttpStatus, Res, type Type } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { matchesIfNoneMatch } from '../../read/view/response/etag';
import { consolePage } from './console-page';

/** The console at `path`. The page contains no data: it requests `api` with the token that the user enters. */
export function consoleController(path: string, api: string): Type {
  const { html, policy, etag } = consolePage(api);

  @ApiExcludeController()
  @Controller(path)
  class ConsoleController {
    @Get()
    page(@Headers('if-none-match') ifNoneMatch: string | undefined, @Res() reply: FastifyReply): void {
      const headers = { 'content-security-policy': policy, 'cache-control': 'no-cache', etag };
      const known = ifNoneMatch !== undefined && matchesIfNoneMatch(ifNoneMatch, etag);
      void reply.headers({ ...headers, 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin' });
      if (known) void reply.code(HttpStatus.NOT_MODIFIED).send();
      else void reply.type('text/html; charset=utf-8').send(html);
    }
  }
  return ConsoleController;
}
