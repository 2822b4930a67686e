import type { TagRule } from '../../../../src/caching/write/capture/evicts-tags.decorator';
import { EVERY_TABLE, hashOfRules, readMark, ruleMark } from '../../../../src/caching/write/capture/rule-marks';

/** As a rule that a build has compiled: its source is the same whatever the helper does. */
const using =
  (helper: (id: string) => string): TagRule =>
  ({ before, after }) => [helper((after ?? before)!.id!)];
const one: TagRule = ({ after }) => [`product:${after?.id}`];
const other: TagRule = ({ before, after }) =>
  before?.stock === after?.stock ? [`product:${after?.id}`] : ['products'];
const failing: TagRule = () => {
  throw new Error('no rule for a sample');
};

const hash = (...rules: TagRule[]): string => hashOfRules(rules, []);

it.each<[string, TagRule[], TagRule[]]>([
  ['another source', [one], [other]],
  ['another helper', [using((id) => `product:${id}`)], [using((id) => `article:${id}`)]],
  ['one rule more', [one], [one, other]],
  ['no rule', [one], []],
  ['a rule that throws', [one], [failing]],
])('%s: another hash', (_what, some, others) => {
  expect(hash(...some)).not.toBe(hash(...others));
});

it('the same rules in any order have one hash, and one that throws for a sample is no obstacle', () => {
  expect(hash(one, other, failing)).toBe(hash(failing, other, one));
  expect(hash(using((id) => `a:${id}`))).toBe(hash(using((id) => `a:${id}`)));
});

it.each(['products', 'public.products', 'shop."Odd: name"', 'line\nbreak'])('a mark names its table: %j', (table) => {
  expect(readMark(ruleMark('abc', table))).toEqual({ hash: 'abc', table });
});

it('other tags are no marks; the mark of every table has no table', () => {
  expect(['product:1', '@drain:whole', '@rules', 'rules:a:b'].map(readMark)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(readMark(EVERY_TABLE)).toEqual({ hash: '*' });
});
