import { CacheEventBus, CacheStack } from '../../src/caching';
import { resolveOptions } from '../../src/caching/caching.options';

/**
 * Run in a process of its own with --expose-gc: fills an L1 with distinct keys and prints, as JSON, what the heap and
 * the buffers beside it grew by. argv: bytes allowed, number of keys, body length, kind of body.
 */
async function main(): Promise<void> {
  const [maxBytes, keys, length, kind] = [
    process.argv[2],
    Number(process.argv[3]),
    Number(process.argv[4]),
    process.argv[5],
  ];
  const stack = new CacheStack(resolveOptions({ l1MaxBytes: maxBytes }), new CacheEventBus());
  const before = used();
  let evicted = 0;
  stack.events.on('evicted', () => (evicted += 1));
  for (let i = 0; i < keys; i++) {
    const text = String(i).padEnd(length, 'abc');
    const body = kind === 'buffer' ? Buffer.from(text) : Buffer.from(text).toString();
    await stack.store.getOrLoad(`view:/api/products?page=${i}`, { tags: [`product:${i}`, 'products'] }, () =>
      Promise.resolve({ body }),
    );
  }
  await stack.store.idle();
  const grown = used() - before;
  console.log(JSON.stringify({ grown, bytes: stack.l1.bytes, kept: stack.l1.size, evicted }));
}

function used(): number {
  for (let i = 0; i < 3; i++) (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

void main();
