import { appBehind, expectNothingForEdges, KINDS, State } from '../../support/edge-views';
import { closeApps } from '../../support/nest-app';

afterEach(closeApps);

it('with the layer off nobody knows the tags, so no edge keeps anything', async () => {
  const { ask } = await appBehind(KINDS.varnish, { layers: ['query'] });
  expectNothingForEdges(await ask('/page'));
});

it('an answer that was stamped while it was made is its asker’s alone', async () => {
  const { ask, cache, app: nest } = await appBehind(KINDS.varnish);
  nest.get(State).whileLoading = () => cache.evict(['slow']);
  expectNothingForEdges(await ask('/slow'));
  nest.get(State).whileLoading = () => Promise.resolve();
  expect((await ask('/slow')).headers.xkey).toBe('* slow');
});

it('an old answer that stands in for a failing source is not passed on', async () => {
  const { ask, cache, app: nest } = await appBehind(KINDS.varnish);
  await ask('/slow');
  await cache.evict(['slow']);
  nest.get(State).fails = true;
  const answer = await ask('/slow');
  expect(answer.headers['x-cache']).toBe('STALE');
  expectNothingForEdges(answer);
});
