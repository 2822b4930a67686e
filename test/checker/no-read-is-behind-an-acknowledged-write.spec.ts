import { expectFreshReads, RUN } from '../support/checked-run';
import { needs } from '../support/needs';

needs('postgres', 'redis-server', 'psql', 'pgbouncer');

// A short run; `npm run test:slow` and `npm run check:freshness` run it for longer.
it.each(['strict', 'bounded'] as const)(
  '%s: readers of everything on all nodes, writers by all roads, and faults by the seed',
  async (mode) => {
    await expectFreshReads({ ...RUN, mode });
  },
);
