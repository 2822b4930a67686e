import type { Client, ClientBase, ClientConfig, Notification } from 'pg';
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
  ) {}

  /** @throws CacheError `CACHE_POOLED_SESSION`, `CACHE_CLOCK_CONFLICT`; what the driver throws */
  async run(client: Client, config: ClientConfig): Promise<void> {
    // First: behind a transaction pooler every setting would reach the next client of that server.
    await refuseTransactionPooler(client, config);
    const database = await databaseIdentity(client);
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
