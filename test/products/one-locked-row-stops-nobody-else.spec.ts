import { Client } from 'pg';
import { onPostgres } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { startStrata } from '../support/strata-process';

onPostgres((open) => {
  it('writers to a locked row give up soon, and reads go on', async () => {
    const backend = await open(20);
    const service = await startStrata(backend.env);
    const holder = new Client({ connectionString: backend.env.DATABASE_URL });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM products WHERE id = 11 FOR UPDATE');
      const token = tokenFor('eve', 'editor');
      const writes = Array.from({ length: 10 }, () =>
        send(service.url, '/api/products/11', { method: 'PATCH', token, json: { stock: 1 } }),
      );
      const answers = await Promise.all(writes);
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(503));
      expect((await send(service.url, '/api/products/12')).status).toBe(200);
    } finally {
      await holder.end();
      await service.stop();
      await backend.dispose();
    }
  });
});
