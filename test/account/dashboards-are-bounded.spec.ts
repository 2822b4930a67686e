import { onPostgres } from '../support/backends';
import { type Answer, type ProblemBody, tokenFor } from '../support/client';
import { slowIt } from '../support/effort';
import { eventually } from '../support/eventually';
import { clientOf, type HangUp } from '../support/hang-up';
import { useService } from '../support/service';
import { sql } from '../support/sql';

/** More than may be read at a time. */
const USERS = 12;

onPostgres((open) => {
  const service = useService(open, { CACHE_LAYERS: 'none' });
  let clients: HangUp[] = [];

  /** Dashboards that are being read now. */
  async function running(): Promise<number> {
    const rows = await sql<{ n: string }>(
      service.databaseUrl(),
      `SELECT count(*) AS n FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'active' AND query ILIKE 'SELECT%watched%' AND application_name = 'strata'`,
    );
    return Number(rows[0]?.n);
  }

  function ask(user: number): HangUp {
    const headers = { authorization: `Bearer ${tokenFor(`user${user}`)}` };
    const client = clientOf(`${service.process().url}/api/me/dashboard`, headers);
    clients.push(client);
    return client;
  }

  const none = (): Promise<unknown> => eventually(async () => (await running()) === 0);

  beforeAll(async () => {
    // Every read of a watchlist takes as long as the gate is closed.
    for (const statement of [
      'CREATE TABLE gate AS SELECT 1 AS closed',
      `INSERT INTO watchlist (user_id, product_id) SELECT 'user' || n, 1 FROM generate_series(0, ${USERS}) n`,
      `CREATE FUNCTION waits() RETURNS boolean LANGUAGE plpgsql VOLATILE AS
       $$ BEGIN WHILE EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN true; END $$`,
      'ALTER TABLE watchlist RENAME TO watched',
      'CREATE VIEW watchlist AS SELECT * FROM watched WHERE waits()',
    ]) {
      await sql(service.databaseUrl(), statement);
    }
  });
  afterEach(() => {
    for (const { hangUp } of clients) hangUp();
    clients = [];
  });

  // In npm test: products/expensive-requests-are-bounded.
  slowIt('a flood of dashboards takes two connections, and the rest waits or gets a 503', async () => {
    const crowd = Array.from({ length: USERS }, (_, user) => ask(user));
    let done = false;
    const statuses = Promise.all(crowd.map(({ response }) => response)).finally(() => (done = true));
    await eventually(async () => (await running()) === 2);
    let most = 0;
    for (let id = 1; !done; id += 1) {
      most = Math.max(most, await running());
      expect((await service.get(`/api/products/${id}`)).status).toBe(200);
    }
    expect(most).toBeLessThanOrEqual(2);
    expect(new Set(await statuses)).toEqual(new Set([503]));
    await none();
  });

  it('a dashboard is read no longer when its client hangs up, and is not remembered as too slow', async () => {
    for (let time = 0; time < 2; time += 1) {
      const client = ask(USERS);
      await eventually(async () => (await running()) > 0);
      client.hangUp();
      await none();
    }
  });

  it('a dashboard that took too long is read again at once: it is not slow by itself', async () => {
    const dashboard = (): Promise<Answer<ProblemBody>> =>
      service.get<ProblemBody>('/api/me/dashboard', { token: tokenFor(`user${USERS}`) });
    const late = await dashboard();
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1']);
    expect(late.body.detail).not.toMatch(/narrow/);
    await sql(service.databaseUrl(), 'DELETE FROM gate');
    expect((await dashboard()).status).toBe(200);
  });
});
