import { onRealServers } from '../support/backends';
import { send } from '../support/client';
import { effort } from '../support/effort';
import { sql } from '../support/sql';
import { startStrata } from '../support/strata-process';

onRealServers((open) => {
  it('four nodes on an empty database: one migrates, all serve', async () => {
    const backend = await open();
    const nodes = await Promise.all(Array.from({ length: effort(2, 4) }, () => startStrata(backend.env)));
    try {
      for (const node of nodes) {
        expect(await send(node.url, '/api/products')).toMatchObject({ status: 200, body: { count: 0 } });
      }
      const [row] = await sql<{ twice: string }>(
        backend.env.DATABASE_URL ?? '',
        'SELECT count(*) - count(DISTINCT name) AS twice FROM migrations',
      );
      expect(row?.twice).toBe('0');
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
      await backend.dispose();
    }
  });
});
