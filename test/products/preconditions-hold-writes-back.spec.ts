import { embedded } from '../support/backends';
import { tokenFor } from '../support/client';
import { ask } from '../support/http';
import { useService } from '../support/service';

const service = useService(embedded);
const token = tokenFor('eve', 'editor');

const patch = async (ifMatch: string, json: object): Promise<number> =>
  (await service.send('PATCH', '/api/products/5', { token, json, headers: { 'if-match': ifMatch } })).status;

it.each(['gzip', 'br', 'identity'])('a client that was sent the %s form may write, once', async (encoding) => {
  const path = `/api/products/5?`;
  // Refused otherwise: a small answer is packed for nobody who takes it plain.
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
