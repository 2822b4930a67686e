import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';
import { Traffic } from '../../../support/traffic';
import { needs } from '../../../support/needs';
import { effort } from '../../../support/effort';

needs('redis-server');

const MAX_LAG = 500;
/** Milliseconds: a claim about a bound has to last longer than that bound. */
const LEAST = 4 * MAX_LAG;
const READS = effort(3_000, 150_000);
let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(() => closeStacks());
afterAll(() => server.stop());

async function traffic(consistency: 'strict' | 'bounded', prefix: string): Promise<Traffic> {
  const options = { consistency, prefix, maxLag: MAX_LAG, l2Timeout: 2_000, redis: { url: server.url } };
  const nodes = await Promise.all([node(options), node(options)]);
  await Promise.all(nodes.map((stack) => live(stack)));
  return new Traffic(nodes);
}

function print(name: string, run: Traffic): void {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => run.percentile(share).toFixed(2));
  const stale = `${run.staleness.length} stale of ${run.reads} reads, ${run.writes} writes`;
  console.log(`${name}: ${stale}; staleness p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`);
}

it(`strict: 0 stale of ${READS} reads on two nodes`, async () => {
  const run = await traffic('strict', 'strict');
  await run.run(READS, 64);
  print('strict', run);
  expect(run.reads).toBeGreaterThanOrEqual(READS);
  expect(run.writes).toBeGreaterThan(10);
  expect(run.staleness).toEqual([]);
});

it('bounded: at most maxLag behind', async () => {
  const run = await traffic('bounded', 'bounded');
  await run.run(READS, 64, LEAST);
  print('bounded', run);
  expect(run.percentile(1)).toBeLessThanOrEqual(MAX_LAG);
});

it('bounded, with its subscriptions cut repeatedly: at most maxLag behind', async () => {
  const run = await traffic('bounded', 'deaf');
  const cutting = setInterval(() => void server.command('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined), 40);
  await run.run(READS, 64, LEAST).finally(() => clearInterval(cutting));
  print('bounded without messages', run);
  expect(run.percentile(1)).toBeLessThanOrEqual(MAX_LAG);
});
