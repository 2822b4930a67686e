import type { ClientBase } from 'pg';
import type { Drainer } from '../../../src/caching/write/drain/drainer';
import type { OutboxSession } from '../../../src/caching/write/drain/session';
import { WriterWait } from '../../../src/caching/write/drain/writer-wait';

const never = (): Promise<never> => new Promise(() => undefined);

it.each([
  ['the drain and the session hang', never],
  [
    'the drain fails and the session hangs, as while it dials a server that does not reply',
    () => Promise.reject(new Error('no session')),
  ],
])('%s: the writer is acknowledged, late, and this node trusts its cache no more', async (_what, drain) => {
  const revoked: unknown[] = [];
  const emitted: unknown[] = [];
  const wait = new WriterWait(
    { oldestMs: 0, drain } as unknown as Drainer,
    { borrows: false, use: never } as unknown as OutboxSession,
    {
      events: { emit: (name: string) => emitted.push(name) },
      options: { consistency: 'bounded' },
      trust: { lifetime: 1_000, revoke: (error: unknown) => revoked.push(error) },
    } as never,
  );
  expect(await wait.waitUntilStamped({} as ClientBase)).toEqual({ isStamped: false });
  expect([revoked.length, emitted]).toEqual([1, ['evictionLate']]);
});
