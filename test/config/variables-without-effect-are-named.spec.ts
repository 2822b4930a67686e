import { variablesWithoutEffect } from '../../src/config';
import { anyDatabase } from '../support/backends';
import { startStrata } from '../support/strata-process';

const URL = 'http://me:hunter2@127.0.0.1';

it.each<[string, Record<string, string>, Record<string, string>]>([
  ['DATABASE_DIRECT_URL', {}, { DATABASE_URL: URL }],
  ['REDIS_URL', { REDIS_CLUSTER_NODES: 'a:7000' }, {}],
  ['EDGE_PURGE_URL', {}, { EDGE_PURGE: 'varnish' }],
  ['EDGE_PURGE_URL', { EDGE_PURGE: 'none' }, { EDGE_PURGE: 'fastly' }],
  ['EDGE_PURGE_TOKEN', {}, { EDGE_PURGE: 'cloudflare' }],
  ['EDGE_PURGE_TOKEN', { EDGE_PURGE: 'varnish' }, { EDGE_PURGE: 'fastly' }],
])('%s is named beside %j, and not beside %j', (name, without, having) => {
  expect(variablesWithoutEffect({ ...without, [name]: URL })).toEqual([
    expect.stringMatching(`^${name} has no effect: `),
  ]);
  expect(variablesWithoutEffect({ ...without, [name]: URL }).join()).not.toContain('hunter2');
  expect(variablesWithoutEffect({ ...having, [name]: URL })).toEqual([]);
  // As compose writes what is not set.
  expect(variablesWithoutEffect({ ...without, [name]: '' })).toEqual([]);
});

it('the service names one when it starts', async () => {
  const backend = await anyDatabase(10_000);
  const service = await startStrata({ ...backend.env, EDGE_PURGE_URL: 'http://127.0.0.1:1' });
  expect(service.output()).toContain('EDGE_PURGE_URL has no effect: EDGE_PURGE is none, so nothing is purged.');
  await service.stop();
  await backend.dispose();
});
