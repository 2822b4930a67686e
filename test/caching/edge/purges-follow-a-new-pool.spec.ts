import { DataSource } from 'typeorm';
import { createPurgeQueue } from '../../../src/caching';
import { EdgePurges } from '../../../src/caching/write/edge.module';
import type { Eviction } from '../../../src/caching/write/eviction.module';
import { onPostgres } from '../../support/backends';
import { eventually } from '../../support/eventually';
import { FakeEdge } from '../../support/fake-edge';
import { closeStacks, node } from '../../support/stacks';

onPostgres((open) => {
  it('purges go on when the DataSource was destroyed and initialised again', async () => {
    const backend = await open();
    const edge = await FakeEdge.start();
    const dataSource = await new DataSource({ type: 'postgres', url: backend.env.DATABASE_URL }).initialize();
    try {
      await createPurgeQueue(dataSource);
      const stack = await node({ prefix: 'new-pool' });
      const eviction = { register: () => undefined } as unknown as Eviction;
      const purges = new EdgePurges(dataSource, stack, eviction, { purge: 'varnish', url: edge.url });
      await purges.onModuleInit();
      await stack.store.invalidate(['first']);
      await eventually(() => edge.timesPurged('first') > 0);

      await dataSource.destroy();
      await dataSource.initialize();
      await stack.store.invalidate(['second']);
      await eventually(() => edge.timesPurged('second') > 0);
      await purges.beforeApplicationShutdown();
    } finally {
      await closeStacks();
      await dataSource.destroy();
      await edge.close();
      await backend.dispose();
    }
  });
});
