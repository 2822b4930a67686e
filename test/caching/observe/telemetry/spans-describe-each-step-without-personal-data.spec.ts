import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type CacheStack, openTelemetryTracing } from '../../../../src/caching';
import { eventually } from '../../../support/eventually';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, loader, node } from '../../../support/stacks';
import { needs } from '../../../support/needs';

needs('redis-server');

const exporter = new InMemorySpanExporter();
let redis: RedisServer;
let stack: CacheStack;

beforeAll(async () => {
  // As a preload does it: `node -r ./tracing.js`.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  redis = await RedisServer.start();
  const options = { prefix: 'spans', l2Timeout: 1_000, redis: { url: redis.url } };
  stack = await node({ ...options, tracing: openTelemetryTracing() });
});
beforeEach(() => exporter.reset());
afterAll(async () => {
  await closeStacks();
  await redis.stop();
  trace.disable();
  context.disable();
});

const told = (): object[] => exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, ...attributes }));
const KEY = 'view:/api/me/dashboard{}{"page":1};user="alice"';

it('a miss is a read of L2 and a load; what the load does is inside its span; a hit is none', async () => {
  const load = loader(async () => {
    trace.getTracer('database').startSpan('SELECT').end();
    return Promise.resolve('secret');
  });
  await stack.store.getOrLoad(KEY, {}, load);
  const [l2, query, whole] = exporter.getFinishedSpans() as [ReadableSpan, ReadableSpan, ReadableSpan];
  expect(told()).toEqual([
    { name: 'cache.l2.read', 'cache.layer': 'view', 'cache.outcome': 'miss' },
    { name: 'SELECT' },
    { name: 'cache.load', 'cache.layer': 'view', 'cache.outcome': 'miss', 'cache.stored': true },
  ]);
  expect(query.parentSpanContext?.spanId).toBe(whole.spanContext().spanId);
  expect(
    JSON.stringify([l2, query, whole].map(({ name, attributes, events }) => ({ name, attributes, events }))),
  ).not.toMatch(/alice|secret/);
  exporter.reset();
  await stack.store.getOrLoad(KEY, {}, load);
  stack.store.peek(KEY);
  expect(told()).toEqual([]);
});

it('a hit of L2 is a read and no load', async () => {
  await stack.store.getOrLoad(
    'query:shared',
    {},
    loader(() => 'x'),
  );
  await stack.store.idle();
  stack.l1.clear();
  exporter.reset();
  await stack.store.getOrLoad(
    'query:shared',
    {},
    loader(() => 'never'),
  );
  expect(told()).toEqual([{ name: 'cache.l2.read', 'cache.layer': 'query', 'cache.outcome': 'hit' }]);
});

it('a load that fails says of what kind the error was, and not what it said', async () => {
  const load = loader(() => Promise.reject(new TypeError('alice has no permission')));
  await expect(stack.store.getOrLoad('broken', {}, load)).rejects.toThrow('alice');
  const span = exporter.getFinishedSpans().find(({ name }) => name === 'cache.load');
  expect(span?.attributes).toMatchObject({ 'cache.layer': 'store', 'error.type': 'TypeError' });
  expect(span?.status).toEqual({ code: 2 });
  expect(span?.events).toEqual([]);
});

it('a purge is a span as long as it took', async () => {
  stack.events.emit('purged', ['product:1', 'products'], 250, 300);
  const [span] = await eventually(() => exporter.getFinishedSpans());
  expect(told()).toEqual([{ name: 'cache.purge', 'cache.tags': 2 }]);
  expect(span?.duration).toEqual([0, expect.closeTo(250e6, -7)]);
});
