import { Client } from 'pg';
import { type Backend, onPostgres } from '../support/backends';
import { eventually } from '../support/eventually';
import { sql } from '../support/sql';
import { type Finished, runStrata } from '../support/strata-process';

const SENTENCE = /^(Strata cannot start\. )?The database at .* terminating connection .* start again; .*\.$/;

onPostgres((open) => {
  let backend: Backend;
  let url: string;
  let other: Client;
  const running: Promise<Finished>[] = [];
  beforeEach(async () => {
    backend = await open();
    url = backend.env.DATABASE_URL!;
    other = new Client({ connectionString: url });
    await other.connect();
    // The first migration waits for this table, with the migration lock in its hands.
    await other.query('BEGIN');
    await other.query('CREATE TABLE products ()');
  });
  afterEach(async () => {
    await other.end();
    await backend.dispose();
    await Promise.all(running.splice(0));
  });

  const run = (program: string): Promise<Finished> => {
    const args = program === 'main.js' ? [] : ['--count', '1'];
    running.push(runStrata(program, args, { ...backend.env, PORT: '0' }));
    return running.at(-1)!;
  };

  /** The sessions that have the migration lock, or wait for it. */
  const locks = async (granted: boolean): Promise<number[]> => {
    const here = '(SELECT oid FROM pg_database WHERE datname = current_database())';
    const text = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = ${here} AND granted = $1`;
    return (await sql<{ pid: number }>(url, text, [granted])).map(({ pid }) => pid);
  };
  const waitingForTable = async (): Promise<boolean> => {
    const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'CREATE TABLE products' AND wait_event_type = 'Lock'`;
    return (await sql(url, text)).length > 0;
  };
  const end = (pids: number[]): Promise<unknown> => sql(url, 'SELECT pg_terminate_backend(unnest($1::int[]))', [pids]);

  it('the session that migrates, in a service and in a seed: the next start runs it whole', async () => {
    for (const program of ['main.js', 'cli/seed.js']) {
      const started = run(program);
      await eventually(waitingForTable);
      await end(await locks(true));
      const { code, output } = await started;
      expect(output.trim().split('\n').at(-1)).toMatch(SENTENCE);
      expect(output).not.toMatch(/^ +at |"stack"/m);
      expect(code).toBe(1);
    }
    await other.query('ROLLBACK');
    expect(await run('cli/seed.js')).toMatchObject({ code: 0 });
  });

  it('the session that waits for it', async () => {
    const first = run('cli/seed.js');
    await eventually(waitingForTable);
    const second = run('cli/seed.js');
    await eventually(async () => (await locks(false)).length === 1);
    await end(await locks(false));
    expect((await second).output.trim()).toMatch(SENTENCE);
    await other.query('ROLLBACK');
    expect(await first).toMatchObject({ code: 0 });
  });
});
