import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { migrations } from '../../src/migrations';
import { onRealServers } from '../support/backends';
import { send } from '../support/client';
import { effort } from '../support/effort';
import { sql } from '../support/sql';
import { startStrata } from '../support/strata-process';

const CLI = require.resolve('typeorm/cli.js');

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

  it('two jobs that run the migrations, and a node: one migrates, past the pooler, and all are done', async () => {
    const backend = await open();
    const direct = backend.env.DATABASE_URL!;
    const env = { ...process.env, DATABASE_URL: 'postgres://u@127.0.0.1:1/pooler', DATABASE_DIRECT_URL: direct };
    const run = (): Promise<unknown> =>
      promisify(execFile)(process.execPath, [CLI, 'migration:run', '-d', 'dist/cli/typeorm.js'], { env });
    try {
      const [node] = await Promise.all([startStrata(backend.env), run(), run()]);
      expect(await node.stop()).toBe(0);
      const names = await sql<{ name: string }>(direct, 'SELECT name FROM migrations ORDER BY id');
      expect(names).toEqual(migrations.map(({ name }) => ({ name })));
    } finally {
      await backend.dispose();
    }
  });
});
