import fc from 'fast-check';
import { Pseudonyms } from '../../../../src/caching/core/clock/pseudonyms';

const secret = 'of an epoch';

it('two users never share one, lone surrogates included', () => {
  const pseudonyms = new Pseudonyms(secret);
  const id = fc.string({ unit: 'binary', maxLength: 3 });
  const odd = fc.constantFrom('a\ud800', 'a\ud801', 'a\ufffd', 'a', '', '=a');
  fc.assert(
    fc.property(fc.oneof(id, odd), fc.oneof(id, odd), (one, other) => {
      expect(pseudonyms.of(one) === pseudonyms.of(other)).toBe(one === other);
    }),
  );
  expect(new Set(['a\ud800', 'a\ud801', 'a\ufffd'].map((user) => pseudonyms.of(user))).size).toBe(3);
});

it('all holders of a secret give a user the same one, printable and without the name', () => {
  const one = new Pseudonyms(secret).of('alice');
  expect(new Pseudonyms(secret).of('alice')).toBe(one);
  expect(one).toMatch(/^~[\w-]+$/);
  expect(one).not.toContain('alice');
  expect(new Pseudonyms('another').of('alice')).not.toBe(one);
});
