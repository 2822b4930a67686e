import { createHmac } from 'node:crypto';
import { signature } from '../../../../src/caching/core/store/tiers/seal';

const SECRET = 'a secret of the application';
const HEAD = '["entity:product:7",["product:7"],"epoch",1]';

/** By node:crypto's own HMAC. */
function expected(head: string, body: string | Buffer): string {
  const key = createHmac('sha256', SECRET).update('cache entries of strata').digest();
  return createHmac('sha256', key).update(head).update(body).digest('base64url').slice(0, 22);
}

it.each([
  ['nothing', ''],
  ['text', '{"id":7}'],
  ['text that takes more bytes than characters', '{"name":"Kännchen ☕ 🫖"}'],
  ['a lone surrogate', '{"name":"\ud83e"}'],
  ['bytes', Buffer.from([0, 255, 128, 10])],
  ['bytes just short enough to be put behind the head', Buffer.alloc(64 * 1024 - 3 * HEAD.length, 'a')],
  ['one byte more', Buffer.alloc(64 * 1024 - 3 * HEAD.length + 1, 'a')],
  ['text of the widest characters that is just short enough', '☕'.repeat(64 * 341 + 21 - HEAD.length)],
  ['long text', 'ä'.repeat(300_000)],
])('the seal of %s is HMAC-SHA256 of head and body', (_what, body) => {
  const seal = signature(SECRET, ' of strata');
  expect(seal(HEAD, body)).toBe(expected(HEAD, body));
  // What was sealed before leaves nothing behind.
  expect(seal('', Buffer.alloc(0))).toBe(expected('', ''));
  expect(seal(HEAD, body)).toBe(expected(HEAD, body));
});

it('another secret and another application have another seal', () => {
  const seals = [signature(SECRET), signature(`${SECRET}!`), signature(SECRET, ' of strata')];
  expect(new Set(seals.map((seal) => seal(HEAD, 'body'))).size).toBe(3);
});
