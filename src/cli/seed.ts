import './supported-node';
import './exit-on-signal';
import { loadConfig, loadEnvFile } from '../config';
import { connectWithoutLimits, DatabaseServer, migrate } from '../database';
import { migrations } from '../migrations';
import { parseOptions } from './parse-options';
import { seedProducts, withProgressBar } from '../products';

const USAGE = `npm run seed -- [--count 10000] [--seed 1] [--reset]

  --count   products to add (1 to 10000000)
  --seed    the same number gives the same products
  --reset   empty the catalogue first, watchlists included`;

/** `npm run seed`: fills the catalogue that the service would use. */
async function main(): Promise<void> {
  const values = parseOptions(USAGE, {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    reset: { type: 'boolean', default: false },
  });
  const count = wholeNumber('count', values.count, 1, 10_000_000);
  const seed = wholeNumber('seed', values.seed, 0, 2 ** 31 - 1);

  loadEnvFile();
  const server = await DatabaseServer.start(loadConfig(process.env).database);
  try {
    const dataSource = await connectWithoutLimits(server, migrations);
    try {
      await migrate(dataSource, server);
      const start = performance.now();
      await withProgressBar('Filling the catalogue', count, (onProgress) =>
        seedProducts(dataSource, { count, seed, reset: values.reset, onProgress }),
      );
      console.log(`Added ${count} products in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
    } finally {
      await dataSource.destroy();
    }
  } catch (error) {
    throw server.explain(error);
  } finally {
    await server.stop();
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new RangeError(`--${name} must be a whole number from ${min} to ${max}\n\n${USAGE}`);
  }
  return value;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
