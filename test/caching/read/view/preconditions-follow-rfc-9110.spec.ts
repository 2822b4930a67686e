import { Controller, Get } from '@nestjs/common';
import fc from 'fast-check';
import { CacheView, etagOf } from '../../../../src/caching';
import { matchesIfMatch, matchesIfNoneMatch, preconditionsHold } from '../../../../src/caching/read/view/response/etag';
import { cacheDirectives, mergeVary } from '../../../../src/caching/read/view/response/directives';
import { type CachedApp, cachedApp, closeApps } from '../../../support/nest-app';

@Controller()
class Things {
  @Get('thing') @CacheView() thing(): object {
    return { name: 'thing' };
  }
}

let app: CachedApp;
beforeAll(async () => {
  app = await cachedApp({ controllers: [Things] });
});
afterAll(closeApps);

const CURRENT = '"current"';

it.each([
  ['the tag', CURRENT, true, true],
  ['a list with the tag', `"a", ${CURRENT} ,"b"`, true, true],
  ['empty members', `, ,${CURRENT},,`, true, true],
  ['a weak form', `W/${CURRENT}`, false, true],
  ['a star', ' * ', true, true],
  ['another tag', '"other"', false, false],
  ['a star inside a tag', '"v1,*,draft"', false, false],
  ['the tag inside a tag', '"a,current,b"', false, false],
  ['a star in a list', `"a", *`, false, false],
  ['no quotes', 'current', false, false],
  ['an open quote', '"current', false, false],
  ['garbage after the tag', `${CURRENT}x`, false, false],
  ['nothing', '', false, false],
])('%s (%s): If-Match %s, If-None-Match %s', (_what, header, match, noneMatch) => {
  expect(matchesIfMatch(header, CURRENT)).toBe(match);
  expect(matchesIfNoneMatch(header, CURRENT)).toBe(noneMatch);
});

it('any list of tags matches exactly when the tag is a member', () => {
  const opaque = fc.string({ unit: fc.constantFrom('a', ',', '*', ' ', 'W', '/', '!', 'ÿ'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(opaque, { maxLength: 5 }), opaque, (tags, tag) => {
      // A blank is no etagc: a list with such a tag matches nothing.
      const isValid = tags.every((each) => !each.includes(' '));
      const header = tags.map((each) => `"${each}"`).join(', ');
      expect(matchesIfMatch(header, `"${tag}"`)).toBe(isValid && tags.includes(tag));
    }),
  );
});

it('a write goes through only if both preconditions hold', () => {
  expect(preconditionsHold({}, CURRENT)).toBe(true);
  expect(preconditionsHold({ ifMatch: CURRENT }, CURRENT)).toBe(true);
  expect(preconditionsHold({ ifMatch: '*' }, undefined)).toBe(false);
  expect(preconditionsHold({ ifNoneMatch: '*' }, CURRENT)).toBe(false);
  expect(preconditionsHold({ ifNoneMatch: CURRENT }, CURRENT)).toBe(false);
  expect(preconditionsHold({ ifNoneMatch: '*' }, undefined)).toBe(true);
  expect(preconditionsHold({ ifNoneMatch: '"older"' }, CURRENT)).toBe(true);
});

it.each(['GET', 'HEAD'] as const)(
  '%s with a failing If-Match is a 412, on the miss, on hits and on the fast path',
  async (method) => {
    const etag = etagOf({ name: 'thing' });
    for (let turn = 0; turn < 4; turn += 1) {
      expect(await app.ask('/thing', { method, headers: { 'if-match': '"another"' } })).toMatchObject({ status: 412 });
      expect(await app.ask('/thing', { method, headers: { 'if-match': etag } })).toMatchObject({ status: 200 });
      expect(await app.ask('/thing', { method, headers: { 'if-match': '*' } })).toMatchObject({ status: 200 });
      expect(await app.ask('/thing', { method })).toMatchObject({ status: 200 });
    }
  },
);

it('HEAD with a matching If-None-Match has no length, or that of the 200', async () => {
  const { headers } = await app.ask('/thing');
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await app.ask('/thing', { method: 'HEAD', headers: { 'if-none-match': headers['etag']! } });
    expect(answer.status).toBe(304);
    expect([undefined, headers['content-length']]).toContain(answer.headers['content-length']);
  }
});

it('Cache-Control is read as a list of directives', () => {
  expect([...cacheDirectives('No-Store , max-age=5, private="x-a, no-cache"')]).toEqual([
    'no-store',
    'max-age',
    'private',
  ]);
  expect(cacheDirectives('my-no-cache-extension').has('no-cache')).toBe(false);
});

it('Vary fields are merged without repeating a member', () => {
  expect(mergeVary('Origin', 'accept-encoding')).toBe('Origin, accept-encoding');
  expect(mergeVary('Origin, Accept-Encoding', 'accept-encoding')).toBe('Origin, Accept-Encoding');
  expect(mergeVary('*', 'origin')).toBe('*');
  expect(mergeVary(undefined, 'origin')).toBe('origin');
});
