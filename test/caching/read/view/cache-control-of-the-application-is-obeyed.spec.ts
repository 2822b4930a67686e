import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller, Get, Header } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CacheView } from '../../../../src/caching';
import { cacheStatus } from '../../../support/http';
import { cachedApp, closeApps } from '../../../support/nest-app';

const drafts = new AsyncLocalStorage<boolean>();

let runs = 0;

@Controller()
class Declared {
  @Get('declared-no-store') @Header('cache-control', 'no-store') @CacheView() declaredNoStore(): object {
    runs += 1;
    return { declared: 'no-store' };
  }

  @Get('declared-private') @Header('Cache-Control', 'private, max-age=60') @CacheView() declaredPrivate(): object {
    runs += 1;
    return { declared: 'private' };
  }

  @Get('declared-public')
  @Header('cache-control', 'public, max-age=60')
  @CacheView({ browser: '5s' })
  declaredPublic(): object {
    runs += 1;
    return { declared: 'public' };
  }

  @Get('article') @CacheView() article(): object {
    return { article: drafts.getStore() ? 'draft' : 'published' };
  }
}

afterAll(closeApps);

it.each([
  ['no-store', 'no-store', false],
  ['private', 'private, max-age=60', false],
  ['public', 'public, max-age=60', true],
])('a decorator that says %s is obeyed, and its header is sent', async (name, field, isStored) => {
  const app = await cachedApp({ controllers: [Declared] });
  runs = 0;
  for (let i = 0; i < 3; i++) {
    const answer = await app.ask(`/declared-${name}`);
    expect(answer.body.toString()).toBe(JSON.stringify({ declared: name }));
    expect(answer.headers['cache-control']).toBe(field);
    if (!isStored) expect(cacheStatus(answer)).toBe('strata; fwd=bypass; detail=not-cacheable');
  }
  expect(runs).toBe(isStored ? 1 : 3);
});

it.each(['a hook', 'a guard'])(
  'what %s forbids to store for one request is neither stored nor replaced',
  async (by) => {
    const forbid = (isDraft: boolean, reply: FastifyReply): void => {
      if (isDraft) void reply.header('cache-control', 'no-store');
    };
    const previews = await cachedApp({
      controllers: [Declared],
      prepare: (nest) => {
        const server = nest.getHttpAdapter().getInstance();
        server.addHook('onRequest', (request, reply, done) => {
          const isDraft = request.headers['x-preview'] !== undefined;
          if (by === 'a hook') forbid(isDraft, reply);
          drafts.run(isDraft, done);
        });
        if (by === 'a guard')
          nest.useGlobalGuards({
            canActivate: (context) => {
              forbid(drafts.getStore() === true, context.switchToHttp().getResponse());
              return true;
            },
          });
      },
    });
    for (let i = 0; i < 4; i++) {
      const draft = await previews.ask('/article', { headers: { 'x-preview': '1' } });
      expect([draft.body.toString(), draft.headers['cache-control']]).toEqual(['{"article":"draft"}', 'no-store']);
      const published = await previews.ask('/article');
      expect(published.body.toString()).toBe('{"article":"published"}');
      if (i > 0) expect(cacheStatus(published)).toContain('hit');
    }
  },
);
