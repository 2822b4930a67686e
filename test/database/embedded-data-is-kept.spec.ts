import { Backend, embedded } from '../support/backends';
import { type Answer, send, tokenFor } from '../support/client';
import { slowIt } from '../support/effort';
import { runStrata, startStrata } from '../support/strata-process';
import { KETTLE, PageJson, ProductJson } from '../products/product';

let backend: Backend;
afterEach(() => backend.dispose());

async function addKettle(url: string): Promise<ProductJson> {
  const token = tokenFor('eve', 'editor');
  return (await send<ProductJson>(url, '/api/products', { method: 'POST', token, json: KETTLE })).body;
}

it('is kept over a stop and a crash', async () => {
  backend = await embedded(10_000);
  const first = await startStrata(backend.env);
  expect((await send<PageJson>(first.url, '/api/products')).body.count).toBe(10_000);
  const one = await addKettle(first.url);
  expect(await first.stop()).toBe(0);

  const second = await startStrata(backend.env);
  const two = await addKettle(second.url);
  await second.kill();

  const third = await startStrata(backend.env);
  expect((await send<PageJson>(third.url, '/api/products')).body.count).toBe(10_002);
  for (const product of [one, two]) {
    expect((await send(third.url, `/api/products/${product.id}`)).body).toEqual(product);
  }
  await third.stop();
});

slowIt('a second process on the same folder says why it cannot start, and the first goes on', async () => {
  backend = await embedded(10_000);
  const first = await startStrata(backend.env);
  for (const program of ['main.js', 'cli/seed.js']) {
    const { code, output } = await runStrata(program, [], { ...backend.env, PORT: '0' });
    expect(code).toBe(1);
    expect(output).toContain(`in use by process ${first.child.pid}`);
    expect(output).toContain('DATA_DIR');
  }
  expect((await send(first.url, '/api/products/1')).status).toBe(200);
  await first.stop();
});

slowIt('two hundred requests at once on the one connection all get a response', async () => {
  backend = await embedded(10_000);
  const service = await startStrata(backend.env);
  const page = (index: number): Promise<Answer> => send(service.url, `/api/products?page=${(index % 150) + 1}`);
  try {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => page(index)));
    for (const [index, { status, headers }] of answers.entries()) {
      if (status === 200) continue;
      // A read waits 5 s for its turn (src/database/read-gate.ts), which a busy machine needs for a hundred others.
      expect(status).toBe(503);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await page(index)).status).toBe(200);
    }
  } finally {
    await service.stop();
  }
});
