import type { SourceClaim, SourceLedger } from '../../../../src/caching/core/clock/source-ledger';
import { node, useRedisServer } from '../../../support/stacks';

const redis = useRedisServer();

const CLAIM: SourceClaim = { source: 'shop', watch: 'products', identity: 'as it was', lastId: '10' };

/** Attests `CLAIM` as a session does that begins. @returns how often a change was reported since */
async function attested(ledger: SourceLedger): Promise<() => number> {
  let changes = 0;
  ledger.onDataChange(() => {
    changes += 1;
    return Promise.resolve();
  });
  await ledger.attest({ ...CLAIM, start: { lastId: '10', waiting: 0 } });
  return () => changes;
}

describe.each([
  ['in Redis', () => node({ redis: { url: redis().url } })],
  ['of one process', () => node({})],
])('the ledger %s', (_where, start) => {
  beforeEach(() => redis().command('FLUSHALL'));

  it.each<[what: string, claim: SourceClaim]>([
    ['triggers or tables that are not as they were', { ...CLAIM, identity: 'rewritten' }],
    ['another database', { ...CLAIM, source: 'another' }],
    ['ids that went back', { ...CLAIM, lastId: '9' }],
  ])('%s: a change is reported once', async (_what, claim) => {
    const { ledger } = await start();
    const changes = await attested(ledger);
    expect(changes()).toBe(0);
    await ledger.attest(claim);
    await ledger.attest(claim);
    expect(changes()).toBe(1);
  });

  it('records that came and went between two sessions: their stamps may be missing, and nothing is reported', async () => {
    const { ledger, clock } = await start();
    const changes = await attested(ledger);
    const { epoch } = clock.instant();
    await ledger.attest({ ...CLAIM, lastId: '12', start: { lastId: '12', waiting: 1 } });
    expect(clock.instant().epoch).not.toBe(epoch);
    expect(changes()).toBe(0);
  });
});

it('a Redis that lost everything: the clock begins an epoch, and nothing is reported', async () => {
  const { ledger, clock } = await node({ redis: { url: redis().url } });
  const changes = await attested(ledger);
  const { epoch } = clock.instant();
  await redis().command('FLUSHALL');
  await ledger.attest(CLAIM);
  expect(clock.instant().epoch).not.toBe(epoch);
  expect(changes()).toBe(0);
});

it('a database that changed while no process ran: the one that finds it out reports it', async () => {
  const before = await node({ redis: { url: redis().url } });
  await attested(before.ledger);
  await before.ledger.leave();
  const after = await node({ redis: { url: redis().url } });
  let changes = 0;
  after.ledger.onDataChange(() => {
    changes += 1;
    return Promise.resolve();
  });
  await after.ledger.attest({ ...CLAIM, identity: 'rewritten', start: { lastId: '10', waiting: 0 } });
  expect(changes).toBe(1);
});
