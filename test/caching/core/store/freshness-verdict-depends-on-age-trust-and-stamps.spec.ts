import type { CacheEntry, Instant, TagClock } from '../../../../src/caching';
import type { Time } from '../../../../src/caching/core/async/time';
import { Freshness, type Verdict } from '../../../../src/caching/core/store/freshness';

const NOW = 100_000;
const TTL = 1_000;
const MAX_LAG = 100;
const time: Time = { wall: () => NOW, mono: () => NOW, sleep: () => Promise.resolve() };
const BEFORE: Instant = { epoch: 'e', tick: 1, localTick: 0 };

interface Case {
  /** Milliseconds since the source was read. The TTL is 1,000. */
  age: number;
  swr?: number;
  grace?: number;
  stamped?: boolean;
  /** The clock replied within maxLag, or in strict mode to this reader. */
  confirmed?: boolean;
  /** The entry was read less than maxLag ago. */
  young?: boolean;
  strict?: boolean;
  /** A load failed recently: before or after the stamp. */
  failure?: 'before the stamp' | 'after the stamp' | 'long ago' | 'unproved';
  refreshBefore?: number;
}

function judge(given: Case): Verdict {
  const { age, swr = 0, grace = 0, stamped = false, confirmed = true, young = false, strict = false } = given;
  const clock = {
    version: 7,
    lastSyncAt: NOW,
    staleBecause: (instant: Instant) => (stamped && instant.tick < 5 ? { why: 'stamped' as const } : undefined),
  } as unknown as TagClock;
  const failedAt = given.failure === 'unproved' ? NOW - MAX_LAG : NOW - 10;
  const entry: CacheEntry = {
    ...BEFORE,
    key: 'key',
    body: 'body',
    tags: ['t'],
    createdAt: NOW - age,
    expiresAt: NOW - age + TTL,
    monoExpiresAt: NOW - age + TTL,
    swrMs: swr,
    graceMs: grace,
    verifiedAt: young ? NOW - 1 : NOW - MAX_LAG,
    verifiedAtVersion: -1,
    isInvalidated: false,
    failure: given.failure && {
      at: failedAt,
      retryAt: given.failure === 'long ago' ? NOW : NOW + 500,
      count: 1,
      since: { ...BEFORE, tick: given.failure === 'after the stamp' ? 5 : 1 },
    },
    variants: undefined,
  };
  const freshness = new Freshness(clock, time, { consistency: strict ? 'strict' : 'bounded', maxLag: MAX_LAG });
  return freshness.judge(entry, { order: 1, version: 7, at: NOW, lastSyncAt: NOW, confirmed }, given.refreshBefore);
}

it.each<[Verdict, string, Case]>([
  ['fresh', 'within its TTL, proved by the clock', { age: 999 }],
  ['fresh', 'within its TTL, read less than maxLag ago', { age: 10, confirmed: false, young: true }],
  ['fresh', 'strict, proved by the clock', { age: 999, strict: true }],
  ['fresh', 'before the threshold of the eager refresh', { age: 899, refreshBefore: 100 }],
  ['fresh', 'a failure that is over does not count', { age: 500, grace: 5_000, failure: 'long ago' }],
  ['refresh', 'at the threshold of the eager refresh', { age: 900, refreshBefore: 100 }],
  ['refresh', 'past its TTL, within SWR', { age: 1_000, swr: 500 }],
  ['refresh', 'past its TTL, within SWR and grace', { age: 1_499, swr: 500, grace: 5_000 }],
  ['revalidate', 'no proof', { age: 500, confirmed: false }],
  ['revalidate', 'no proof, past its TTL, within SWR', { age: 1_200, swr: 500, confirmed: false }],
  ['revalidate', 'strict: its own youth is no proof', { age: 1, strict: true, confirmed: false, young: true }],
  [
    'revalidate',
    'strict and stamped: the back-off needs proof',
    of({ strict: true, confirmed: false }, 'after the stamp'),
  ],
  ['revalidate', 'an old failure without proof', of({ confirmed: false }, 'unproved')],
  ['backing-off', 'stamped, and its source failed since', of({}, 'after the stamp')],
  ['backing-off', 'past its TTL, and its source failed', { age: 1_200, grace: 5_000, failure: 'before the stamp' }],
  ['backing-off', 'without proof, failed within maxLag', of({ confirmed: false }, 'after the stamp')],
  ['fallback', 'stamped, within grace', { age: 500, grace: 5_000, stamped: true }],
  ['fallback', 'past SWR, within grace', { age: 1_600, swr: 500, grace: 5_000 }],
  ['fallback', 'stamped after its source failed: a write proves that the source is up', of({}, 'before the stamp')],
  ['fallback', 'the back-off is over', of({}, 'long ago')],
  ['dead', 'past its TTL, no SWR, no grace', { age: 1_000 }],
  ['dead', 'past SWR and grace', { age: 6_000, swr: 500, grace: 5_000 }],
  ['dead', 'stamped within its TTL, no grace', { age: 1, stamped: true }],
  ['dead', 'stamped within SWR, no grace', { age: 1_200, swr: 500, stamped: true }],
  ['dead', 'a failure does not outlast grace', { age: 6_000, grace: 5_000, failure: 'after the stamp' }],
])('%s: %s', (verdict, _why, given) => {
  expect(judge(given)).toBe(verdict);
});

/** A stamped entry within its grace whose source failed. */
function of(given: Partial<Case>, failure: Case['failure']): Case {
  return { age: 500, grace: 5_000, stamped: true, failure, ...given };
}

it('never serves a stamped entry, nor in strict mode an unproved one, in any combination of settings', () => {
  const flags = [true, false];
  const served: Verdict[] = ['fresh', 'refresh'];
  let judged = 0;
  for (const age of [0, 999, 1_000, 1_499, 1_500, 5_999, 6_000])
    for (const [swr, grace, refreshBefore] of [
      [0, 0, 0],
      [500, 0, 100],
      [500, 5_000, 0],
    ] as const)
      for (const stamped of flags)
        for (const confirmed of flags)
          for (const young of flags)
            for (const strict of flags)
              for (const failure of [
                undefined,
                'before the stamp',
                'after the stamp',
                'long ago',
                'unproved',
              ] as const) {
                const verdict = judge({ age, swr, grace, stamped, confirmed, young, strict, failure, refreshBefore });
                const isProved = confirmed || (young && !strict);
                const isTimely = age < TTL || age - TTL < swr;
                expect(served.includes(verdict)).toBe(!stamped && isProved && isTimely);
                expect(verdict === 'fresh').toBe(!stamped && isProved && age + refreshBefore < TTL);
                if (verdict === 'backing-off') expect(failure === undefined || grace === 0).toBe(false);
                judged += 1;
              }
  expect(judged).toBe(1_680);
});
