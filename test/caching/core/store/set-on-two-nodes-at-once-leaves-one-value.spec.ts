import { effort } from '../../../support/effort';
import { eventually } from '../../../support/eventually';
import { live, node, useRedisServer } from '../../../support/stacks';

const ROUNDS = effort(80, 300);
const server = useRedisServer();

it('two nodes that set a key at the same time end with one value', async () => {
  const options = { prefix: 'set', l2Timeout: 1_000, redis: { url: server().url } };
  const [near, far] = await Promise.all([node(options), node(options)]);
  await Promise.all([live(near), live(far)]);
  for (let i = 0; i < ROUNDS; i++) {
    const others = [near.store.invalidate([`x${i}`]), far.store.invalidate([`y${i}`])];
    await Promise.all([near.store.set(`k${i}`, 'near', {}), far.store.set(`k${i}`, 'far', {}), ...others]);
  }
  await eventually(() => near.clock.instant().tick === far.clock.instant().tick);
  const apart: string[] = [];
  let kept = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const [here, there] = [await near.store.get(`k${i}`), await far.store.get(`k${i}`)];
    if (here && there && here.entry.body !== there.entry.body) apart.push(`k${i}`);
    if (here ?? there) kept += 1;
  }
  expect(apart).toEqual([]);
  expect(kept).toBeGreaterThan(ROUNDS / 2);
});

it('a node reads the value that it has set', async () => {
  for (const options of [{}, { prefix: 'own', l2Timeout: 1_000, redis: { url: server().url } }]) {
    const near = await node(options);
    await near.store.set('key', 'first', {});
    await near.store.set('key', 'second', {});
    expect((await near.store.get('key'))?.entry.body).toBe('second');
  }
});
