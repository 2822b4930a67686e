import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Backend, embedded } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { startStrata, type StrataProcess } from '../support/strata-process';

/** More than twice as many as one node keeps. */
const IDLE = 10_000;
const SLOW = 300;
const MEGABYTE = 1024 * 1024;
const LIST = 'GET /api/products?page_size=200 HTTP/1.1\r\nHost: shop\r\n\r\n';

let backend: Backend;
let service: StrataProcess;
const sockets: Socket[] = [];

beforeAll(async () => {
  backend = await embedded(10_000);
  service = await startStrata(backend.env);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await service.stop();
  await backend.dispose();
});

/** @param first what each sends before it falls silent */
async function open(count: number, first = ''): Promise<Socket[]> {
  const { hostname, port } = new URL(service.url);
  const opened: Socket[] = [];
  while (opened.length < count) {
    const some = Array.from({ length: Math.min(250, count - opened.length) }, () => connect(Number(port), hostname));
    sockets.push(...some);
    opened.push(...some);
    await Promise.all(
      some.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            socket.once('connect', resolve).once('error', reject);
          }),
      ),
    );
    for (const socket of some) {
      // The server may close it at any time from now on.
      socket.on('error', () => undefined);
      if (first !== '') socket.write(first);
    }
  }
  return opened;
}

let page = 1;
/** A read that only the database can answer, a hit, a write and the health of the node. */
async function othersAreServed(): Promise<void> {
  page += 1;
  const token = tokenFor('eve', 'editor');
  const answers = await Promise.all([
    send(service.url, `/api/products?page=${page}`),
    send(service.url, '/api/products/1'),
    send(service.url, '/api/products/2', { method: 'PATCH', token, json: { stock: page } }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  // Readiness has a deadline of its own, which a busy machine may miss once.
  await eventually(async () => (await send(service.url, '/health/ready')).status === 200);
}

async function residentBytes(): Promise<number> {
  const { text } = await send(service.url, '/metrics');
  return Number(/^process_resident_memory_bytes ([\d.e+]+)/m.exec(text)![1]);
}

it(`${IDLE} connections that never send a byte: others are served, and memory stays bounded`, async () => {
  await othersAreServed();
  const before = await residentBytes();
  await open(IDLE);
  for (let n = 0; n < 5; n += 1) await othersAreServed();
  const grown = (await residentBytes()) - before;
  console.info(`${IDLE} idle connections: ${Math.round(grown / MEGABYTE)} MB more`);
  expect(grown).toBeLessThan(300 * MEGABYTE);
});

it('more than a node keeps that fall silent after a request, or in the middle of one', async () => {
  await open(5_000, 'GET /health/live HTTP/1.1\r\nHost: shop\r\n\r\n');
  await othersAreServed();
  await open(1_000, 'GET /health/live HTTP/1.1\r\nHost: shop\r\nX-A: ');
  await othersAreServed();
});

it.each([
  [50, 40],
  // Only the first of them get responses, but Node keeps an object for each.
  [1_000, 4],
])(
  `${SLOW} clients that send %i requests at once and read nothing: others are served, and memory stays bounded`,
  async (requests, kilobytes) => {
    const before = await residentBytes();
    const slow = await open(SLOW, LIST.repeat(requests));
    // Nothing reads them: the first response fills their buffers.
    await Promise.all(slow.map((socket) => once(socket, 'readable')));
    for (let n = 0; n < 5; n += 1) await othersAreServed();
    const grown = (await residentBytes()) - before;
    console.info(`${SLOW} slow readers, ${requests} requests each: ${Math.round(grown / MEGABYTE)} MB more`);
    // Node parses a packet whole, so each of its requests waits with objects of its own. Their bodies, of some 60 kB, are one.
    expect(grown).toBeLessThan(SLOW * requests * kilobytes * 1024);
  },
);

it('a connection with a request under way keeps its place', async () => {
  const [mine] = await open(1, 'GET /api/products?page=77 HTTP/1.1\r\nHost: shop\r\n');
  let received = '';
  mine!.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
  await open(6_000);
  mine!.write('\r\n');
  await eventually(() => received.startsWith('HTTP/1.1 200'));
});
