import type { ServerResponse } from 'node:http';
import { anyDatabase } from '../support/backends';
import type { Answer } from '../support/client';
import { eventually } from '../support/eventually';
import { type FakeRatesApi, startFakeRatesApi } from '../support/fake-rates-api';
import { clientOf } from '../support/hang-up';
import { useService } from '../support/service';

/** More than may be under way and in the queue. */
const CROWD = 40;

let api: FakeRatesApi;
const service = useService(async () => {
  api = await startFakeRatesApi();
  const backend = await anyDatabase(10_000);
  return { ...backend, env: { ...backend.env, RATES_URL: api.url, CACHE_LAYERS: 'none' } };
});
afterAll(() => api.close());

/** An API that never responds. @returns its calls under way */
function silence(): Set<ServerResponse> {
  const open = new Set<ServerResponse>();
  api.behave((_request, response) => {
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  return open;
}

it('a flood of rates is four calls at a time, and the excess gets a 503', async () => {
  const open = silence();
  let most = 0;
  const crowd = Promise.all(Array.from({ length: CROWD }, () => service.get('/api/rates')));
  let answers: Answer[] | undefined;
  void crowd.then((all) => (answers = all));
  await eventually(() => {
    most = Math.max(most, open.size);
    return answers !== undefined;
  });
  expect(most).toBe(4);
  for (const { status, headers } of answers!) {
    expect(status).toBe(503);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
});

it('a call ends when its client hangs up, and is not tried again', async () => {
  silence();
  const before = api.calls();
  const client = clientOf(`${service.process().url}/api/rates`);
  await eventually(() => api.calls() === before + 1);
  const open = silence();
  client.hangUp();
  // A second try, if there was one, would come before this request's.
  const next = clientOf(`${service.process().url}/api/rates`);
  await eventually(() => open.size > 0);
  next.hangUp();
  await eventually(() => open.size === 0);
});
