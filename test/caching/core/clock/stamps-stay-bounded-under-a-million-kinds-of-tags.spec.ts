import { CacheEventBus } from '../../../../src/caching';
import { MemoryTagClock } from '../../../../src/caching/core/clock/memory-tag-clock';
import { PendingStamps } from '../../../../src/caching/core/clock/pending-stamps';
import { StampTable } from '../../../../src/caching/core/clock/stamp-table';
import { effort } from '../../../support/effort';

const KINDS = effort(20_000, 1_000_000);
const LIMIT = 1_000;

/** How many names all Maps of `owner`, and of what it is made of, hold. */
function names(owner: object): number {
  return Object.values(owner).reduce<number>((sum, part: unknown) => {
    if (part instanceof Map) return sum + part.size;
    return part instanceof StampTable ? sum + names(part) : sum;
  }, 0);
}

function eachKind(stamp: (tag: string, n: number) => void): void {
  for (let n = 1; n <= KINDS; n += 1) stamp(`kind${n}:1`, n);
}

/** Each of the newest tags and its kind. */
const MOST = 2 * LIMIT;

it('the clock’s own table: the newest are remembered, everything older counts as stamped', () => {
  const table = new StampTable(LIMIT);
  eachKind((tag) => table.stamp([tag]));
  expect(names(table)).toBeLessThanOrEqual(MOST);
  expect(table.lastStamp([`kind${KINDS}:*`])).toBe(KINDS);
  expect(table.lastStamp(['kind1:*'])).toBe(KINDS - LIMIT);
});

it('a mirror, which learns each stamp with its floor', () => {
  const mirror = new StampTable(LIMIT);
  eachKind((tag, tick) => {
    mirror.record([tag], tick);
    mirror.raiseFloor(tick - LIMIT);
  });
  expect(names(mirror)).toBeLessThanOrEqual(MOST);
  expect(mirror.lastStamp([`kind${KINDS}:*`])).toBe(KINDS);
});

it('the clock of a process without Redis', () => {
  const clock = new MemoryTagClock(LIMIT, new CacheEventBus());
  const before = clock.instant();
  eachKind((tag) => void clock.stamp([tag]));
  expect(names(clock)).toBeLessThanOrEqual(MOST);
  expect(clock.staleBecause(before, ['kind1:1'])).toEqual({ why: 'floor' });
});

it('stamps that the clock did not acknowledge, in one long outage', () => {
  const pending = new PendingStamps(LIMIT);
  eachKind((tag) => pending.add([tag]));
  expect(names(pending)).toBeLessThanOrEqual(MOST);
  expect(pending.staleBecause(0, ['kind1:1'])).toEqual({ why: 'unacknowledged' });
});

it('stamps that the clock did not acknowledge, in many short outages', () => {
  const pending = new PendingStamps(LIMIT);
  eachKind((tag) => {
    pending.add([tag]);
    pending.forget(pending.all());
  });
  expect(names(pending)).toBeLessThanOrEqual(MOST);
  expect(pending.all().tags).toEqual([]);
});
