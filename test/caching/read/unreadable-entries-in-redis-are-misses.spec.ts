import { Controller, Get, Injectable } from '@nestjs/common';
import { CACHE_MANAGER, type Cache } from '@nestjs/cache-manager';
import { CacheQuery, CacheService, CachesRows, CacheView, type EntityCache, field } from '../../../src/caching';
import type { Sealing } from '../../support/forged-entries';
import { type ForgedApp, useForgedEntries } from '../../support/forged-suite';

@CachesRows({
  name: 'book',
  table: 'books',
  key: { id: 'integer' },
  tag: (id) => `book:${id}`,
  fields: { id: field.integer('id') },
})
class Book {}

@Injectable()
class Books {
  readonly rows: EntityCache;

  constructor(cache: CacheService) {
    const book = (id: string): { id: string; json: string } => ({ id, json: `{"id":${id}}` });
    this.rows = cache.rows(Book, (_sql, [ids]) => Promise.resolve((ids as string[]).map(book)));
  }

  list(): Promise<string[]> {
    return this.rows.list({ key: ['all'], tags: ['books'] }, () =>
      Promise.resolve([1, 2].map((id) => ({ id: String(id), json: `{"id":${id}}` }))),
    );
  }

  @CacheQuery() best(): Promise<{ titles: string[]; since: Date }> {
    return Promise.resolve({ titles: ['A', 'B'], since: new Date(0) });
  }
}

@Controller('news')
class NewsController {
  constructor(private readonly books: Books) {}

  @Get() @CacheView() list(): object {
    return { news: 'true' };
  }

  @Get('best') async best(): Promise<object> {
    const { titles, since } = await this.books.best();
    return { first: titles[0], since: since.toISOString() };
  }

  @Get('books') async all(): Promise<object[]> {
    return (await this.books.list()).map((json) => JSON.parse(json) as object);
  }
}

const suite = useForgedEntries();
let app: ForgedApp['app'];
let stack: ForgedApp['stack'];
let foreign: string[];

async function start(sealing: Sealing): Promise<void> {
  ({ app, stack, foreign } = await suite.start(sealing, { controllers: [NewsController], providers: [Books] }));
}

describe.each<Sealing>(['checksum', 'secret'])('sealed by a %s', (sealing) => {
  const RESULTS = ['', 'p', 'p{', 'x{}', '[]', 'm{"$type":"bigint","value":"x"}', 'm{"$type":"object","value":7}'];
  const LISTS = ['', 'null', '{}', '7', '[1]', '[[1]]', '[["x"]]', '[["1x"]]', '[[null]]', '[["1'];
  const ROWS = ['', '{', 'x', '7', '"text"'];
  it.each([
    ['a result of a method', '/news/best', 'query:Books.best(', RESULTS],
    ['a list', '/news/books', 'query:book.', LISTS],
    ['a row', '/news/books', 'entity:book.', ROWS],
  ])('%s of a strange shape is deleted, reported, and a miss', async (_what, path, prefix, bodies) => {
    await start(sealing);
    const own = await app.ask(path);
    expect(own.status).toBe(200);
    for (const body of bodies) {
      foreign.length = 0;
      await stack.store.idle();
      const [key] = (await suite.forged().keys(prefix)) as [string];
      await suite.forged().forge(stack, key, sealing, { body });
      const got = await app.ask(path);
      expect([body, got.status, got.body.toString()]).toEqual([body, 200, own.body.toString()]);
      expect([body, foreign]).toEqual([body, [`entry ${key}`]]);
    }
  });

  it('a value of CACHE_MANAGER that is no JSON is deleted, reported, and absent', async () => {
    await start(sealing);
    const manager = app.app.get<Cache>(CACHE_MANAGER);
    for (const body of ['', 'x', '7', 'null', '{"value"']) {
      await manager.set('key', { a: 1 });
      foreign.length = 0;
      await suite.forged().forge(stack, 'app:key', sealing, { body });
      expect([body, await manager.get('key')]).toEqual([body, undefined]);
      expect([body, foreign]).toEqual([body, ['entry app:key']]);
    }
  });

  it('facts beyond what a node writes are a miss, in the list of an admin too', async () => {
    await start(sealing);
    const key = 'view:/news{}{}';
    await app.ask('/news');
    const strange: Record<string, unknown>[] = [
      { createdAt: -1e300 },
      { createdAt: 1e300, expiresAt: 1.1e300 },
      { expiresAt: 1e300 },
      { graceMs: 1e300 },
      { tick: 1e300 },
      { tick: 1.5 },
      { tick: '1' },
      { tags: [7] },
      { tags: 'table:books' },
      { epoch: null },
    ];
    for (const facts of strange) {
      foreign.length = 0;
      await suite.forged().forge(stack, key, sealing, facts);
      expect([facts, await app.cache.entry(key)]).toEqual([facts, undefined]);
      await suite
        .forged()
        .forge(stack, key, sealing, facts)
        .catch(() => app.ask('/news'));
      expect([facts, (await app.ask('/news')).status]).toEqual([facts, 200]);
      await app.ask('/news');
    }
  });
});
