import { join } from 'node:path';
import { embedded } from '../../support/backends';
import { send, tokenFor } from '../../support/client';
import { startStrata } from '../../support/strata-process';

const SLOW_STAMPS = join(__dirname, '../../support/preload/slow-stamps.cjs');

it('a deadline that passes would end the only session for good: writes are slow instead, and seen', async () => {
  const backend = await embedded(300);
  const service = await startStrata({ ...backend.env, NODE_OPTIONS: `-r ${SLOW_STAMPS}` });
  try {
    for (const stock of [11, 12]) {
      const options = { method: 'PATCH', token: tokenFor('eve', 'editor'), json: { stock } };
      expect(await send(service.url, '/api/products/1', options)).toMatchObject({ status: 200, body: { stock } });
      expect((await send(service.url, '/api/products/1')).body).toMatchObject({ stock });
    }
  } finally {
    await service.stop();
    await backend.dispose();
  }
});
