import type { Client, ClientBase, ClientConfig, Notification } from 'pg';
import { CacheError } from '../../caching.errors';
import { CHANNEL } from '../capture/outbox-table';
import type { ClockMembership } from './clock-lock';
import { databaseIdentity } from './database-identity';
import type { OutboxStart } from './outbox';
import type { SessionFacts } from './outbox-poller';
import { refuseTransactionPooler } from './pooler';

/** What a new session of the drain goes through before it is used. */
export class SessionStart {
  /** About the session that was made ready last; undefined: none was yet. */
  facts?: SessionFacts;

  constructor(
    private readonly membership: ClockMembership,
    private readonly prepare: (client: ClientBase) => Promise<OutboxStart>,
    /** Called when another session wrote to the outbox. */
    private readonly onWrite: () => void,
    /** The database that writes go to, where the drain has a way of its own there. */
    private readonly writesTo?: () => Promise<string>,
  ) {}

  /** @throws CacheError `CACHE_POOLED_SESSION`, `CACHE_DATA_SOURCE`, `CACHE_CLOCK_CONFLICT`; what the driver throws */
  async run(client: Client, config: ClientConfig): Promise<void> {
    // First: behind a transaction pooler every setting would reach the next client of that server.
    await refuseTransactionPooler(client, config);
    const database = await databaseIdentity(client);
    if (this.writesTo) refuseAnother(database, await this.writesTo());
    const start = await this.prepare(client);
    await this.membership.join(client);
    const own = (client as unknown as { processID?: number }).processID;
    client.on('notification', ({ processId }: Notification) => {
      if (processId !== own) this.onWrite();
    });
    await client.query(`LISTEN ${CHANNEL}`);
    this.facts = { database, start };
  }
}

function refuseAnother(drained: string, written: string): void {
  // One of the roles may not read all of it.
  const known = drained.includes('unknown') || written.includes('unknown') ? ', system' : '';
  const [one, other] = known === '' ? [drained, written] : [drained, written].map((text) => text.split(known)[0]);
  if (one === other) return;
  throw new CacheError(
    'CACHE_DATA_SOURCE',
    `DATABASE_DIRECT_URL (directUrl of EvictionModule) leads to ${drained}, but writes go to ${written}: nothing that is written ` +
      'there would be invalidated. Point both to one database.',
  );
}
