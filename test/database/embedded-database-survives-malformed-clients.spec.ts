import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Client } from 'pg';
import { type Backend, embedded } from '../support/backends';
import { send } from '../support/client';
import { databaseAnswers } from '../support/database-answers';
import { startStrata, type StrataProcess } from '../support/strata-process';

let backend: Backend;
let service: StrataProcess;
let path: string;
const clients: Client[] = [];

beforeAll(async () => {
  backend = await embedded(10_000);
  path = `${backend.env.DATA_DIR}/pglite/.s.PGSQL.5432`;
  service = await startStrata(backend.env);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
});
afterAll(async () => {
  await service.stop();
  await backend.dispose();
});

async function open(): Promise<Socket> {
  const socket = connect(path).on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function client(): Promise<Client> {
  const one = new Client({ host: `${backend.env.DATA_DIR}/pglite`, user: 'postgres', database: 'postgres' });
  one.on('error', () => undefined);
  clients.push(one);
  await one.connect();
  return one;
}

function ints(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeInt32BE(value, 4 * index));
  return bytes;
}

function startup(text: string, code = 196_608): Buffer {
  return Buffer.concat([ints(8 + text.length, code), Buffer.from(text, 'latin1')]);
}

function typed(type: string, length: number, body = ''): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), ints(length), Buffer.from(body, 'latin1')]);
}

const STARTED = startup('user\0postgres\0database\0postgres\0\0');
const after = (bytes: Buffer): Buffer => Buffer.concat([STARTED, bytes]);

const malformed: [what: string, bytes: Buffer][] = [
  ['64 zero bytes', Buffer.alloc(64)],
  ['64 bytes of ones', Buffer.alloc(64, 0xff)],
  ['random text', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a length of 0', ints(0, 196_608)],
  ['a length of 7', ints(7, 196_608)],
  ['a negative length', ints(-5, 196_608)],
  ['the largest length', ints(0x7fffffff, 196_608)],
  ['protocol 2.0', startup('user\0postgres\0\0', 131_072)],
  ['protocol 99', startup('user\0postgres\0\0', 99 << 16)],
  ['no parameters', startup('')],
  ['no user', startup('database\0postgres\0\0')],
  ['a parameter without a value', startup('user\0postgres\0database\0\0')],
  ['parameters without an end', startup('user\0postgres')],
  ['an encryption request with more in it', startup('user\0postgres\0\0', 80_877_103).fill(0, 8)],
  ['a session of zeros', after(Buffer.alloc(64))],
  ['a type that does not exist', after(typed('?', 4))],
  ['a password that nothing asked for', after(typed('p', 6, 'a\0'))],
  ['rows of a COPY that nothing began', after(typed('d', 7, 'abc'))],
  ['a message with a length of 0', after(typed('Q', 0))],
  ['a message with a negative length', after(typed('P', -7, 'SELECT 1\0'))],
  ['a message with the largest length', after(typed('Q', 0x7fffffff))],
];

describe('closes the connection that sends', () => {
  it.each(malformed)('%s', async (_what, bytes) => {
    const socket = await open();
    // Not once(): the server may be gone before all is written, which is an error of the socket and no failure here.
    const closed = new Promise((resolve) => socket.resume().once('close', resolve));
    socket.write(bytes);
    // An encryption request of the wrong size is refused, and what follows it is no startup message.
    socket.write(Buffer.alloc(64));
    await closed;
    await databaseAnswers(service.url);
  });
});

describe('goes on beside a client that', () => {
  it.each<[what: string, bytes: Buffer]>([
    ['sends nothing', Buffer.alloc(0)],
    ['sends half a startup message', STARTED.subarray(0, 20)],
    ['sends half a query', after(typed('Q', 100, 'SELECT'))],
    ['sends a message with nonsense in it', after(typed('P', 7, 'abc'))],
    ['sends a query without its zero', after(typed('Q', 7, 'abc'))],
    ['asks for encryption', ints(8, 80_877_103)],
    ['cancels', ints(16, 80_877_102, 1, 2)],
  ])('%s, and then hangs up', async (_what, bytes) => {
    const socket = await open();
    socket.write(bytes);
    await databaseAnswers(service.url);
    socket.destroy();
    await databaseAnswers(service.url);
  });

  it('leaves a transaction open', async () => {
    const one = await client();
    await one.query('BEGIN');
    await one.query('UPDATE products SET stock = 4711 WHERE id = 2');
    const answered = databaseAnswers(service.url);
    (one as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    await answered;
    const { body } = await send<{ stock: number }>(service.url, '/api/products/2');
    expect(body.stock).not.toBe(4711);
  });
});

it('two clients with parameters at once get their own rows', async () => {
  const [one, two] = [await client(), await client()];
  const ask = async (of: Client, base: number): Promise<number[]> => {
    const rows: number[] = [];
    for (let n = 0; n < 200; n += 1) {
      const { rows: found } = await of.query<{ n: number }>(`SELECT ${base} + $1::int AS n`, [n]);
      rows.push(found[0]!.n);
    }
    return rows;
  };
  const [low, high] = await Promise.all([ask(one, 0), ask(two, 1_000)]);
  expect(low).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(high).toEqual(Array.from({ length: 200 }, (_, n) => 1_000 + n));
});
