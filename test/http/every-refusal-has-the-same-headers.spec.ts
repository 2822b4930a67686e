import { anyDatabase } from '../support/backends';
import type { ProblemBody } from '../support/client';
import { eventually } from '../support/eventually';
import { RawConnection } from '../support/raw-connection';
import { useService } from '../support/service';

const SHOP = 'https://shop.example';
const HOST = `HTTP/1.1\r\nHost: a\r\nOrigin: ${SHOP}\r\nX-Request-Id: mine\r\n`;
/** Of the exchange, not of the response. */
const OWN = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'x-request-id'];

interface Refused {
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly body: ProblemBody;
}

describe.each(['*', SHOP, 'none'])('CORS_ORIGINS=%s: a refusal has the headers of any other', (CORS_ORIGINS) => {
  const service = useService(anyDatabase, { CORS_ORIGINS, LOG_LEVEL: 'debug' });

  /** The first response to these bytes. */
  async function refused(bytes: string): Promise<Refused> {
    const connection = (await RawConnection.to(service.process().url)).send(bytes);
    const { received } = await connection.body();
    connection.close();
    const [head = '', text = ''] = received.split('\r\n\r\n');
    const [line = '', ...fields] = head.split('\r\n');
    const headers = fields.map((field): [string, string] => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    });
    return { status: Number(line.split(' ')[1]), headers: new Map(headers), body: JSON.parse(text) as ProblemBody };
  }

  const common = ({ headers }: Refused): Record<string, string> =>
    Object.fromEntries([...headers].filter(([name]) => !OWN.includes(name)));
  const isLogged = (id: string): Promise<boolean> =>
    eventually(() => service.process().output().includes(`"reqId":"${id}"`));

  it.each([
    ['a path that is not percent-encoded', 400, '/api/products/%zz', (path: string) => `GET ${path} ${HOST}\r\n`],
    [
      'a GET with a body',
      400,
      '/api/products',
      (path: string) => `GET ${path}?page=2 ${HOST}Content-Length: 3\r\n\r\nabc`,
    ],
    [
      'an expectation',
      417,
      '/api/products',
      (path: string) => `POST ${path} ${HOST}Expect: more\r\nContent-Length: 3\r\n\r\nabc`,
    ],
    ['a known URL with another method', 405, '/api/products', (path: string) => `DELETE ${path} ${HOST}\r\n`],
  ])('%s', async (_what, status, path, request) => {
    const usual = await refused(`GET /api/none ${HOST}\r\n`);
    const early = await refused(request(path));
    expect([early.status, early.headers.get('x-request-id')]).toEqual([status, 'mine']);
    expect(common(early)).toMatchObject(common(usual));
    expect(early.body).toMatchObject({ type: `/problems/${status}`, status, instance: path, request_id: 'mine' });
    expect(early.body.detail).toBeTruthy();
  });

  it.each([
    ['no HTTP', 400, 'nonsense\r\n\r\n'],
    ['headers that are too large', 431, `GET / ${HOST}X-A: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('%s', async (_what, status, bytes) => {
    const usual = await refused(`GET /none ${HOST}\r\n`);
    const early = await refused(bytes);
    expect([early.status, common(early), early.headers.has('date')]).toEqual([status, common(usual), true]);
    const id = early.headers.get('x-request-id')!;
    expect(early.body).toMatchObject({ type: `/problems/${status}`, status, request_id: id });
    expect(early.body.detail).toBeTruthy();
    await isLogged(id);
  });
});
