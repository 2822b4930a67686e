import { Pool } from 'pg';
import { PooledSession } from '../../../src/caching/write/drain/session';
import { type Backend, onPostgres } from '../../support/backends';

onPostgres((open) => {
  let backend: Backend;
  let pool: Pool;

  beforeAll(async () => {
    backend = await open();
    pool = new Pool({ connectionString: backend.env.DATABASE_URL, max: 1 });
    pool.on('error', () => undefined);
  });
  afterAll(async () => {
    await pool.end();
    await backend.dispose();
  });

  it('the drain’s own connection is ended while it is used: the drain fails, and the next one has another', async () => {
    const session = new PooledSession(() => pool);
    const ended = session.use(async (client) => {
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined);
      // The driver tells of the end of the connection by an event of its own, behind the answer.
      await new Promise((resolve) => client.once('end', resolve));
      return client.query('SELECT 1');
    });
    await expect(ended).rejects.toThrow();
    const { rows } = await session.use((client) => client.query('SELECT 2 AS two'));
    expect(rows).toEqual([{ two: 2 }]);
  });
});
