import type { ServerResponse } from 'node:http';
import { anyDatabase } from '../support/backends';
import type { Answer } from '../support/client';
import { eventually } from '../support/eventually';
import { answerJson, type FakeRatesApi, startFakeRatesApi } from '../support/fake-rates-api';
import { clientOf } from '../support/hang-up';
import { useService } from '../support/service';

const TABLE = { base: 'USD', date: '2026-11-20', rates: { EUR: 0.8 } };
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
  const crowd = Array.from({ length: CROWD }, () => service.get('/api/rates'));
  const refused: Answer[] = [];
  for (const answer of crowd) void answer.then((one) => one.status === 503 && refused.push(one));
  await eventually(() => {
    most = Math.max(most, open.size);
    return refused.length > 0 && most === 4;
  });
  // Whatever was not refused is under way, or in the queue.
  const respond = answerJson(TABLE);
  api.behave((request, response, call) => {
    most = Math.max(most, open.size);
    respond(request, response, call);
  });
  const answers = await Promise.all(crowd);
  expect(most).toBe(4);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
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
