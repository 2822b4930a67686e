import { type Backend, onRealServers } from '../../support/backends';
import { send, tokenFor } from '../../support/client';
import { eventually, pause } from '../../support/eventually';
import { FakeEdge } from '../../support/fake-edge';
import { allPurged } from '../../support/purges';
import { sql } from '../../support/sql';
import { startStrata, type StrataProcess } from '../../support/strata-process';

const token = tokenFor('ada', 'editor');

onRealServers((open) => {
  let backend: Backend;
  let edge: FakeEdge;
  let nodes: StrataProcess[] = [];

  beforeAll(async () => {
    [backend, edge] = await Promise.all([open(300), FakeEdge.start()]);
    await sql(backend.env.DATABASE_URL!, 'DELETE FROM cache_purges');
  });

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    nodes = [];
    edge.behave(() => ({ status: 200 }));
    await sql(backend.env.DATABASE_URL!, 'DELETE FROM cache_purges');
  });

  afterAll(async () => {
    await edge.close();
    await backend.dispose();
  });

  async function start(count = 1): Promise<void> {
    const env = { ...backend.env, EDGE_PURGE: 'varnish', EDGE_PURGE_URL: edge.url };
    nodes = await Promise.all(Array.from({ length: count }, () => startStrata(env)));
  }

  async function write(id: number, stock: number, node = nodes[0]!): Promise<void> {
    const { status } = await send(node.url, `/api/products/${id}`, { method: 'PATCH', token, json: { stock } });
    expect(status).toBe(200);
  }

  const waiting = (): Promise<{ tag: string; is_echo: boolean; failures: number }[]> =>
    sql(backend.env.DATABASE_URL!, 'SELECT tag, is_echo, failures FROM cache_purges ORDER BY tag');
  const settled = (): Promise<unknown> => allPurged(backend.env.DATABASE_URL!);

  it('the node that wrote is killed while the edge hangs: another one purges', async () => {
    await start(2);
    const [writer, other] = nodes as [StrataProcess, StrataProcess];
    edge.behave(() => undefined);
    await write(1, 11, writer);
    await eventually(() => edge.timesPurged('product:1') === 1);
    await writer.kill();
    nodes = [other];
    edge.behave(() => ({ status: 200 }));
    // The claim of the dead lasts for five seconds.
    await eventually(() => edge.timesPurged('product:1') >= 1);
    await settled();
  });

  it('all nodes are killed before the purge: the next node to start purges', async () => {
    await start();
    edge.behave(() => undefined);
    await write(2, 22);
    await eventually(() => edge.timesPurged('product:2') === 1);
    await nodes[0]!.kill();
    edge.behave(() => ({ status: 200 }));
    await start();
    await eventually(() => edge.timesPurged('product:2') >= 1);
    await settled();
  });

  it('an edge that fails delays no writer, is not called during a pause, and gets every purge when it is back', async () => {
    await start();
    edge.behave(() => ({ status: 503 }));
    for (let id = 10; id < 30; id++) await write(id, 33);
    await eventually(async () => (await waiting()).some(({ failures }) => failures >= 2));
    expect(edge.seen.length).toBeLessThan(20);
    edge.behave(() => ({ status: 200 }));
    await eventually(() => edge.timesPurged('product:10') > 0 && edge.timesPurged('product:29') > 0);
    await settled();
  });

  it('an edge that cannot be purged for long is logged, and so is its recovery', async () => {
    await start();
    edge.behave(() => ({ status: 503 }));
    await write(3, 44);
    await eventually(() => nodes[0]!.output().includes('the edge cannot be purged'));
    edge.behave(() => ({ status: 200 }));
    await eventually(() => nodes[0]!.output().includes('the edge is purged again'));
  });

  it('Retry-After of an edge is obeyed', async () => {
    await start();
    edge.behave((_purge, call) => (call === 1 ? { status: 429, headers: { 'retry-after': '3' } } : { status: 200 }));
    await write(4, 55);
    await eventually(() => edge.seen.length > 1);
    expect(edge.seen[1]!.at - edge.seen[0]!.at).toBeGreaterThan(2_900);
    expect(edge.xkeys()[1]).toEqual(edge.xkeys()[0]);
    await settled();
  });

  it('many writes of one product are few purges, and one row', async () => {
    await start();
    edge.behave(async () => {
      await pause(300);
      return { status: 200 };
    });
    for (let stock = 100; stock < 150; stock++) await write(5, stock);
    await eventually(async () => expect((await waiting()).map(({ tag }) => tag)).toEqual(['product:5']));
    await settled();
    expect(edge.timesPurged('product:5')).toBeGreaterThanOrEqual(2);
    expect(edge.timesPurged('product:5')).toBeLessThan(25);
  });

  it('several nodes share the work: each purge is made once, and once more as a re-purge', async () => {
    await start(2);
    await Promise.all([40, 41, 42, 43].map((id, i) => write(id, 66, nodes[i % 2])));
    await settled();
    for (const id of [40, 41, 42, 43]) expect(edge.timesPurged(`product:${id}`)).toBe(2);
  });

  it('a tag that was queued again during its purge is purged again', async () => {
    await start();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    edge.behave(async (_purge, call) => {
      if (call === 1) await held;
      return { status: 200 };
    });
    await write(6, 77);
    await eventually(() => edge.seen.length === 1);
    await write(6, 78);
    release();
    await eventually(() => edge.timesPurged('product:6') === 2);
    await settled();
    expect(edge.timesPurged('product:6')).toBe(3);
  });
});
