import { appBehind, expectNothingForEdges, KINDS, State } from '../../support/edge-views';
import { closeApps } from '../../support/nest-app';

afterEach(closeApps);

it('with the layer off tags are unknown, so no edge caches anything', async () => {
  const { ask } = await appBehind(KINDS.varnish, { layers: ['query'] });
  expectNothingForEdges(await ask('/page'));
});

it('a response that was stamped during its load has no headers for edges', async () => {
  const { ask, cache, app: nest } = await appBehind(KINDS.varnish);
  nest.get(State).whileLoading = () => cache.evict(['slow']);
  expectNothingForEdges(await ask('/slow'));
  nest.get(State).whileLoading = () => Promise.resolve();
  expect((await ask('/slow')).headers.xkey).toBe('* slow');
});

it('a stale response in place of a failed load has no headers for edges', async () => {
  const { ask, cache, app: nest } = await appBehind(KINDS.varnish);
  await ask('/slow');
  await cache.evict(['slow']);
  nest.get(State).fails = true;
  const answer = await ask('/slow');
  expect(answer.headers['x-cache']).toBe('STALE');
  expectNothingForEdges(answer);
});
