import { onEveryBackend } from '../../../support/backends';
import { ProblemBody, tokenFor } from '../../../support/client';
import { useService } from '../../../support/service';
import { ADMIN_ROUTES } from './routes';

const admin = tokenFor('ada', 'admin');

onEveryBackend((open) => {
  const service = useService(open);

  it.each(ADMIN_ROUTES)('%s %s: 401 without a token, 403 for an editor, 200 for an administrator', async (...route) => {
    const [method, path, json] = route;
    const without = await service.send<ProblemBody>(method, path, { json });
    expect(without.status).toBe(401);
    expect(without.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const editor = await service.send<ProblemBody>(method, path, { json, token: tokenFor('eve', 'editor') });
    expect(editor.status).toBe(403);
    for (const { headers } of [without, editor]) {
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(headers.get('cache-control')).toBe('no-store');
    }
    const answer = await service.send(method, path, { json, token: admin });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('etag')).toBeNull();
  });

  it.each(ADMIN_ROUTES)(
    '%s %s with a parameter that there is none of is a 400 that names it',
    // Rest, not three parameters: for a row of two, jest would hand over its `done` as the third.
    async (...[method, path, json]) => {
      const address = `${path}${path.includes('?') ? '&' : '?'}bogus=1`;
      const answer = await service.send<ProblemBody>(method, address, { json, token: admin });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'query', name: 'bogus' }] } });
    },
  );

  it.each<[string, string]>([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=many', 'limit'],
    ['cursor=x', 'cursor'],
    ['cursor=-1', 'cursor'],
    ['cursor=0:0:0', 'cursor'],
    [`cursor=${'9'.repeat(40)}`, 'cursor'],
    ['tag=', 'tag'],
    [`tag=${'t'.repeat(257)}`, 'tag'],
    [`prefix=${'p'.repeat(1001)}`, 'prefix'],
    ['tag=a&tag=b', 'tag'],
  ])('GET /api/cache/entries?%s is a 400 that names %s', async (query, name) => {
    const answer = await service.get<ProblemBody>(`/api/cache/entries?${query}`, { token: admin });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'query', name }] } });
  });

  it.each([
    [[]],
    [['']],
    [['x'.repeat(257)]],
    [[1]],
    [Array.from({ length: 101 }, (_, i) => `t${i}`)],
    ['products'],
    [undefined],
  ])('POST /api/cache/evict with tags %j is a 400 that names them', async (tags) => {
    const answer = await service.send<ProblemBody>('POST', '/api/cache/evict', { json: { tags }, token: admin });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'body', name: 'tags' }] } });
  });

  it('a key that is unknown is a 404, and one that is too long a 400', async () => {
    for (const key of ['nothing', '../../etc/passwd', 'a b?c#d&e=%00', '☃', '{"x":[1,2]}', '*', 'x'.repeat(1_000)]) {
      const answer = await service.get<ProblemBody>(`/api/cache/entries/${encodeURIComponent(key)}`, { token: admin });
      expect({ key, status: answer.status, title: answer.body.title }).toEqual({
        key,
        status: 404,
        title: 'Not Found',
      });
      expect(answer.body.detail).toMatch(/There is no such entry/);
    }
    const long = await service.get(`/api/cache/entries/${'x'.repeat(1_001)}`, { token: admin });
    expect(long).toMatchObject({ status: 400, body: { errors: [{ in: 'path', name: 'key' }] } });
  });

  describe('with a limit', () => {
    const limited = useService(open, { THROTTLE_LIMIT: '3' });

    it('reads of the admin routes count as well', async () => {
      const ask = (): Promise<{ status: number }> => limited.get('/api/cache/stats', { token: admin });
      expect([await ask(), await ask(), await ask(), await ask()].map(({ status }) => status)).toEqual([
        200, 200, 200, 429,
      ]);
    });
  });
});
