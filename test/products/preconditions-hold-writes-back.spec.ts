import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { ask } from '../support/http';
import { useService } from '../support/service';

const service = useService(anyDatabase);
const token = tokenFor('eve', 'editor');

const patch = async (ifMatch: string, json: object): Promise<number> =>
  (await service.send('PATCH', '/api/products/5', { token, json, headers: { 'if-match': ifMatch } })).status;

it.each(['gzip', 'br', 'identity'])('a client that was sent the %s form may write, once', async (encoding) => {
  const path = `/api/products/5?`;
  // A small response is compressed only for a client that refuses the plain form.
  const wish = encoding === 'identity' ? encoding : `identity;q=0, ${encoding}`;
  const headers = { authorization: `Bearer ${tokenFor('root', 'admin')}`, 'cache-control': 'no-cache' };
  const { headers: sent } = await ask(service.process().url, path, {
    headers: { ...headers, 'accept-encoding': wish },
  });
  expect(sent['content-encoding']).toBe(encoding === 'identity' ? undefined : encoding);
  const etag = String(sent.etag);
  expect(await patch(`W/${etag}`, { stock: 1 })).toBe(412);
  expect(await patch(`"other", ${etag}`, { stock: 10_000 + encoding.length })).toBe(200);
  expect(await patch(etag, { stock: 1 })).toBe(412);
});

it.each(['PATCH', 'PUT', 'DELETE'] as const)(
  '%s with If-None-Match of the current state is a 412 and does nothing',
  async (method) => {
    const path = '/api/products/6';
    const { body: before, headers } = await service.send('GET', path);
    const etag = headers.get('etag')!;
    const json = method === 'DELETE' ? undefined : method === 'PUT' ? (before as object) : { stock: 123_456 };
    for (const ifNoneMatch of ['*', etag, `"other", W/${etag}`]) {
      const refused = await service.send(method, path, { token, json, headers: { 'if-none-match': ifNoneMatch } });
      expect(refused.status).toBe(412);
    }
    expect((await service.send('GET', path)).body).toEqual(before);
  },
);

it('PATCH with an If-None-Match that names another state goes through', async () => {
  const headers = { 'if-none-match': '"another"' };
  expect((await service.send('PATCH', '/api/products/7', { token, json: { stock: 77 }, headers })).status).toBe(200);
});

it('If-Match with a star inside a tag is no star', async () => {
  expect(await patch('"v1,*,draft"', { stock: 1 })).toBe(412);
});

describe('If-Unmodified-Since', () => {
  const path = '/api/products/8';
  const write = (headers: Record<string, string>, method = 'PATCH') =>
    service.send(method, path, { token, json: method === 'DELETE' ? undefined : { stock: 1 }, headers });

  it.each(['PATCH', 'DELETE'])('%s is a 412 once the product has changed since that second', async (method) => {
    const before = new Date(Date.parse((await service.get(path)).headers.get('last-modified')!) - 1_000).toUTCString();
    const { status, headers } = await write({ 'if-unmodified-since': before }, method);
    expect(status).toBe(412);
    expect(headers.get('etag')).toBe((await service.get(path)).headers.get('etag'));
  });

  it.each([
    ['with a weekday in full and two digits of the year', 'Saturday, 01-Jan-00 00:00:00 GMT'],
    ['as asctime prints it', 'Sat Jan  1 00:00:00 2000'],
  ])('a date %s counts too', async (_form, date) => {
    expect((await write({ 'if-unmodified-since': date })).status).toBe(412);
  });

  it('a write with the Last-Modified that was read goes through', async () => {
    const date = (await service.get(path)).headers.get('last-modified')!;
    expect((await write({ 'if-unmodified-since': date })).status).toBe(200);
  });

  it.each(['yesterday', '2000-01-01T00:00:00Z', '0'])('%j is no HTTP date and is ignored', async (date) => {
    expect((await write({ 'if-unmodified-since': date })).status).toBe(200);
  });

  it('is ignored beside If-Match, which is exact', async () => {
    const etag = (await service.get(path)).headers.get('etag')!;
    const old = 'Sat, 01 Jan 2000 00:00:00 GMT';
    expect((await write({ 'if-unmodified-since': old, 'if-match': etag })).status).toBe(200);
  });
});
