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

it('a failed stamp is sent again before the clock is trusted, and its tag is trusted after that', async () => {
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

it('too many unacknowledged stamps to remember: a new epoch begins', async () => {
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

it('a heartbeat that was running when a stamp failed does not restore trust', async () => {
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

it('tags acknowledged in an unknown epoch are distrusted until the node has fetched that epoch', async () => {
  const before = driven.clock.instant();
  const stamped = driven.stamp(['t']);
  (await driven.next('stamp')).answer('F', 1);
  const question = await driven.next('since');
  expect(driven.clock.staleBecause(before, ['t'])).toEqual({ why: 'unacknowledged', tag: 't' });
  question.answer('F', 1);
  expect(await stamped).toBe(true);
  expect(driven.clock.staleBecause({ epoch: 'F', tick: 1, localTick: 0 }, ['t'])).toBeUndefined();
});

it('after a hook stamps into a new epoch no tag stays distrusted', async () => {
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

it('a hook added while the clock is trusted runs before the clock is trusted again', async () => {
  let ran = 0;
  driven.clock.beforeTrust(() => Promise.resolve(void (ran += 1)));
  expect(driven.trusted).toBe(false);
  (await driven.next('since')).answer('E', 1);
  await new Promise(setImmediate);
  expect([ran, driven.trusted]).toEqual([1, true]);
});
