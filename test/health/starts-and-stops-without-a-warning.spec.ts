import { embedded } from '../support/backends';
import { ask, cacheStatus } from '../support/http';
import { startStrata } from '../support/strata-process';

it('on this version of Node: a start, a miss, a hit and a stop, and Node has nothing to warn of', async () => {
  const backend = await embedded(10_000);
  const service = await startStrata({ ...backend.env, NODE_OPTIONS: '--pending-deprecation --trace-warnings' });
  try {
    const [miss, hit] = [await ask(service.url, '/api/products'), await ask(service.url, '/api/products')];
    expect([miss.status, hit.status]).toEqual([200, 200]);
    expect([cacheStatus(miss), cacheStatus(hit)].map((said) => said.split('; ')[1])).toEqual(['fwd=uri-miss', 'hit']);
    expect(hit.body.equals(miss.body)).toBe(true);
  } finally {
    expect(await service.stop()).toBe(0);
    await backend.dispose();
  }
  expect(service.output()).not.toMatch(/Warning/);
});
