import { onPostgres } from '../support/backends';
import { effort } from '../support/effort';
import { eventually } from '../support/eventually';
import { clientOf, type HangUp } from '../support/hang-up';
import { useService } from '../support/service';
import { sql } from '../support/sql';
import { type PageJson } from './product';

/** More than one word may have at a time, so the rest waits in the queue. */
const CROWD = 12;

interface Statement {
  pid: number;
  began: Date;
}

onPostgres((open) => {
  describe.each(effort(['query,view'], ['query,view', 'none']))('with CACHE_LAYERS=%s', (layers) => {
    const service = useService(open, { CACHE_LAYERS: layers });
    const clients = new Set<HangUp>();

    /** Searches that run now. */
    function running(): Promise<Statement[]> {
      return sql<Statement & object>(
        service.databaseUrl(),
        `SELECT pid, query_start AS began FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'active' AND query LIKE '%product_search_pattern%'
           AND pid <> pg_backend_pid()`,
      );
    }

    async function oneRuns(): Promise<Statement> {
      return eventually(async () => {
        const statements = await running();
        if (statements.length !== 1) throw new Error(`${statements.length} searches run`);
        return statements[0]!;
      });
    }

    function none(): Promise<boolean> {
      return eventually(async () => (await running()).length === 0);
    }

    function client(word: string): HangUp {
      const made = clientOf(new URL(`/api/products?search=${word}`, service.process().url).href);
      clients.add(made);
      return made;
    }

    /** The service has received what was sent to it before: it reads its connections in the order in which they have data. */
    async function received(): Promise<void> {
      for (let n = 0; n < 3; n += 1) await service.get('/health/live');
    }

    beforeAll(async () => {
      await sql(service.databaseUrl(), 'CREATE TABLE gate AS SELECT 1 AS closed');
      await sql(
        service.databaseUrl(),
        `CREATE OR REPLACE FUNCTION product_search_pattern(before text, word text) RETURNS text LANGUAGE plpgsql VOLATILE AS
         $slow$ BEGIN
           IF word LIKE '%open%' THEN RETURN '%'; END IF;
           WHILE EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP;
           RETURN '%no-such-word%';
         END $slow$`,
      );
    });
    beforeEach(async () => {
      await none();
      await sql(service.databaseUrl(), 'INSERT INTO gate SELECT 1 WHERE NOT EXISTS (SELECT FROM gate)');
    });
    afterEach(() => {
      for (const { hangUp } of clients) hangUp();
      clients.clear();
    });

    it('a statement ends when its only client hangs up, and is not remembered as too slow', async () => {
      const first = client('lonely');
      await oneRuns();
      first.hangUp();
      await none();
      // The deadline would have had it refused for ten seconds.
      const second = client('lonely');
      await oneRuns();
      second.hangUp();
      await none();
    });

    it('clients that hang up in the queue leave it, and give their places to the next', async () => {
      const crowd = Array.from({ length: CROWD }, (_, n) => client(`crowd${n}`));
      await eventually(async () => (await running()).length === 2);
      for (const { hangUp } of crowd) hangUp();
      expect((await service.get<PageJson>('/api/products?search=open')).status).toBe(200);
      await none();
    });

    if (layers === 'none') return;
    it.each([0, 1])('a statement goes on while one of its two clients waits: %i hangs up', async (leaver) => {
      // A machine that is busy for three seconds runs into the deadline: then it is another try.
      let attempts = 0;
      await eventually(async () => {
        attempts += 1;
        await sql(service.databaseUrl(), 'INSERT INTO gate SELECT 1 WHERE NOT EXISTS (SELECT FROM gate)');
        const word = `shared${leaver}${attempts}`;
        const pair = [client(word)];
        const before = await oneRuns();
        pair.push(client(word));
        await received();
        pair[leaver]!.hangUp();
        await received();
        expect(await running()).toEqual([before]);
        await sql(service.databaseUrl(), 'DELETE FROM gate');
        expect(await pair[1 - leaver]!.response).toBe(200);
      });
      expect(attempts).toBeLessThan(10);
    });
  });
});
