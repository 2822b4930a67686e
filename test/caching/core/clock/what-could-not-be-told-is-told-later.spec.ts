import { HandDrivenClock } from '../../../support/hand-driven-clock';

let driven: HandDrivenClock;
beforeEach(async () => {
  driven = await new HandDrivenClock().begin('E', 1);
});

async function failToStamp(tags: string[]): Promise<void> {
  const stamped = driven.stamp(tags);
  (await driven.next('stamp')).lose();
  expect(await stamped).toBe(false);
}

it('a stamp that failed is made again before the clock is trusted, and then no longer distrusted', async () => {
  const before = driven.clock.instant();
  await failToStamp(['t']);
  expect(driven.trusted).toBe(false);
  const beat = driven.clock.beat();
  const again = await driven.next('stamp');
  expect(again.tags).toEqual(['t']);
  again.answer('E', 2);
  (await driven.next('since')).answer('E', 2);
  await beat;
  expect(driven.trusted).toBe(true);
  expect(driven.clock.staleBecause(before, ['t'])).toEqual({ why: 'stamped', tag: 't' });
  expect(driven.clock.staleBecause({ epoch: 'E', tick: 2, localTick: 0 }, ['t'])).toBeUndefined();
});

it('more than could be remembered: a new epoch begins', async () => {
  driven = await new HandDrivenClock(2).begin('E', 1);
  await failToStamp(['a']);
  await failToStamp(['b', 'c']);
  const beat = driven.clock.beat();
  (await driven.next('renew')).answer('F', 0);
  (await driven.next('since')).answer('F', 0);
  await beat;
  expect(driven.trusted).toBe(true);
  expect(driven.clock.staleBecause({ epoch: 'F', tick: 0, localTick: 0 }, ['a', 'b', 'c'])).toBeUndefined();
});

it('a heartbeat that was under way when a stamp failed brings no trust', async () => {
  const beat = driven.clock.beat();
  const question = await driven.next('since');
  await failToStamp(['t']);
  question.answer('E', 1);
  await beat;
  expect(driven.trusted).toBe(false);
});

it('the late acknowledgement of an older stamp does not end the distrust of a newer failure', async () => {
  const older = driven.stamp(['t']);
  const slow = await driven.next('stamp');
  driven.publish('E', 2, ['t']);
  const between = driven.clock.instant();
  await failToStamp(['t']);
  slow.answer('E', 2);
  expect(await older).toBe(true);
  expect(driven.clock.staleBecause(between, ['t'])).toEqual({ why: 'unacknowledged', tag: 't' });
});

it('what was acknowledged in an epoch not yet known here is distrusted until the difference is, and no longer', async () => {
  const before = driven.clock.instant();
  const stamped = driven.stamp(['t']);
  (await driven.next('stamp')).answer('F', 1);
  const question = await driven.next('since');
  expect(driven.clock.staleBecause(before, ['t'])).toEqual({ why: 'unacknowledged', tag: 't' });
  question.answer('F', 1);
  expect(await stamped).toBe(true);
  expect(driven.clock.staleBecause({ epoch: 'F', tick: 1, localTick: 0 }, ['t'])).toBeUndefined();
});

it('a hook that stamps into a new epoch leaves nothing distrusted behind', async () => {
  await failToStamp(['t']);
  driven.clock.beforeTrust(async () => void (await driven.clock.stamp(['t'])));
  const beat = driven.clock.beat();
  (await driven.next('stamp')).answer('F', 1);
  (await driven.next('stamp')).answer('F', 2);
  (await driven.next('since')).answer('F', 2);
  await beat;
  expect(driven.trusted).toBe(true);
  expect(driven.clock.staleBecause({ epoch: 'F', tick: 2, localTick: 0 }, ['t'])).toBeUndefined();
});

it('a hook that comes when the clock is trusted already runs before it is trusted again', async () => {
  let ran = 0;
  driven.clock.beforeTrust(() => Promise.resolve(void (ran += 1)));
  expect(driven.trusted).toBe(false);
  (await driven.next('since')).answer('E', 1);
  await new Promise(setImmediate);
  expect([ran, driven.trusted]).toEqual([1, true]);
});
