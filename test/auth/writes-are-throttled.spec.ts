import { onEveryBackend } from '../support/backends';
import { ProblemBody, tokenFor } from '../support/client';
import { useService } from '../support/service';

onEveryBackend((open) => {
  const service = useService(open, { THROTTLE_LIMIT: '3' });

  function write(user: string, path = '/api/products/1'): ReturnType<typeof service.send<ProblemBody>> {
    return service.send<ProblemBody>('PATCH', path, { token: tokenFor(user, 'editor'), json: { stock: 5 } });
  }

  it('stops a client at its limit over all routes together, and says when to retry', async () => {
    for (const path of ['/api/products/1', '/api/products/2', '/api/products/3']) {
      expect((await write('greedy', path)).status).toBe(200);
    }
    const refused = await write('greedy');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toMatch(/problem\+json/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });

  it('lets other clients write, and the stopped one read', async () => {
    expect((await write('modest')).status).toBe(200);
    for (let reads = 0; reads < 10; reads++) {
      expect((await service.get('/api/products/1', { token: tokenFor('greedy') })).status).toBe(200);
    }
  });
});
