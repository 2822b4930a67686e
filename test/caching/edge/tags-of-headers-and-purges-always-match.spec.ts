import fc from 'fast-check';
import {
  boundedTags,
  edgeTag,
  EVERYTHING,
  MAX_FIELD,
  MAX_GROUPS,
  TOO_MANY,
  withKinds,
} from '../../../src/caching/edge/edge-tags';
import { cacheGroups } from '../../../src/caching/write/cache-groups';
import { tagField } from '../../../src/caching/edge/tag-field';
import type { TagHeader } from '../../../src/caching/edge/edge-kinds';
import { effort } from '../../support/effort';

/** Tags as an application makes them, and as nobody should. */
const sensible = fc
  .tuple(fc.constantFrom('product', 'products', 'table', 'a:b'), fc.nat(20_000))
  .map((t) => t.join(':'));
const anything = fc.string({ unit: 'binary', maxLength: 300 });
const lone = fc.constantFrom(
  '\ud800',
  'x:\udfff',
  '',
  ':',
  ' ',
  '*',
  '*:*',
  'é:1',
  'a,b',
  '"',
  "'; DROP",
  '%',
  '\\',
  '\u0000',
);
const tags = fc.array(fc.oneof({ weight: 6, arbitrary: sensible }, anything, lone), {
  minLength: 1,
  maxLength: 1_500,
  size: 'max',
});

const SAFE = /^[\x21-\x7e]+$/;

/** The tags of a field, read as its owner's documentation says. */
const READ: Record<TagHeader, (field: string) => string[]> = {
  'cache-tag': (field) => field.split(','),
  'surrogate-key': (field) => field.split(' '),
  xkey: (field) => field.split(' '),
  'cache-groups': (field) => [...field.matchAll(/"((?:[^"\\]|\\.)*)"(?:, |$)/g)].map(([, group]) => group!),
};

it.each(Object.keys(READ) as TagHeader[])(
  '%s: any stamped tag of an answer is purged by something it carries',
  (name) => {
    fc.assert(
      fc.property(tags, fc.nat(), (all, pick) => {
        const stamped = all[pick % all.length]!;
        const field = tagField(name, all);
        const carried = READ[name](field);
        expect(field.length).toBeLessThanOrEqual(MAX_FIELD);
        expect(carried).toContain(EVERYTHING);
        for (const tag of carried) {
          expect(tag).toMatch(SAFE);
          expect(tag.length).toBeLessThanOrEqual(128);
        }
        if (name === 'cache-groups') expect(carried.length).toBeLessThanOrEqual(MAX_GROUPS);
        const purged = withKinds([stamped]);
        expect(purged.some((tag) => carried.includes(tag))).toBe(true);
        // The queue keeps tags as edges know them, and names their kinds later.
        expect(withKinds([edgeTag(stamped)]).some((tag) => carried.includes(tag))).toBe(true);
        for (const tag of purged) expect(tag).toMatch(SAFE);
      }),
      { numRuns: effort(30, 100) },
    );
  },
);

it('groups of a write (RFC 9875) match the groups of responses, too', () => {
  const all = fc.array(sensible, { minLength: 1, maxLength: 1_500, size: 'max' });
  const written = fc.array(fc.nat(), { minLength: 1, maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(all, written, (made, picks) => {
      // What reads a table carries its tag.
      const entry = ['table:products', ...made];
      const carried = READ['cache-groups'](tagField('cache-groups', entry));
      const stamped = picks.map((pick) => made[pick % made.length]!);
      const field = cacheGroups(withKinds(stamped), withKinds(['table:products'])) ?? '';
      expect(field.length).toBeLessThanOrEqual(MAX_FIELD);
      expect(READ['cache-groups'](field).some((group) => carried.includes(group))).toBe(true);
    }),
    { numRuns: effort(30, 100) },
  );
});

it('an ordinary response carries its own tags, and other writes purge none of them', () => {
  const page = ['table:products', 'products', ...Array.from({ length: 50 }, (_, i) => `product:${i}`)];
  const carried = boundedTags(page);
  expect(carried).toEqual(expect.arrayContaining([EVERYTHING, ...page]));
  expect(withKinds(['product:51', 'products:price']).filter((tag) => carried.includes(tag))).toEqual([]);
});

it('past the limit the largest kind is named as a whole, and other tags stay as they are', () => {
  const page = ['table:products', 'products', ...Array.from({ length: 500 }, (_, i) => `product:${10_000 + i}`)];
  expect(boundedTags(page)).toEqual([EVERYTHING, 'table:products', 'products', 'product:*']);
});

it('a response of too many kinds is purged by every purge', () => {
  const carried = boundedTags(Array.from({ length: 2_000 }, (_, i) => `kind${i}:1`));
  expect(carried).toEqual([EVERYTHING, TOO_MANY]);
  expect(withKinds(['kind7:1'])).toContain(TOO_MANY);
});

it("an entry's own key is not sent to edges", () => {
  expect(tagField('xkey', ['@key:view:/a?user=ada', 't'])).toBe('* t');
});
