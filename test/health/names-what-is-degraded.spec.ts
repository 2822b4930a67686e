import { onRealServers } from '../support/backends';
import { send, tokenFor } from '../support/client';
import { eventually } from '../support/eventually';
import { useOwnRedis } from '../support/own-redis';

interface Ready {
  status: string;
  degraded: string[];
  details: Record<string, { status: string; degraded?: boolean; state?: string }>;
}

onRealServers((open) => {
  const { service, redis } = useOwnRedis(open);

  const ready = (): Promise<{ status: number; body: Ready }> => send<Ready>(service().url, '/health/ready');
  const until = (check: (answer: { status: number; body: Ready }) => boolean): Promise<unknown> =>
    eventually(async () => check(await ready()));

  it('all is well: nothing is degraded', async () => {
    await until(({ body }) => body.degraded.length === 0);
    expect(await ready()).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        details: {
          database: { status: 'up' },
          redis: { state: 'up' },
          breaker: { state: 'closed' },
          clock: { state: 'live' },
        },
      },
    });
  });

  it('Redis is killed: still ready; redis and clock are named, and after a while the write that cannot be stamped', async () => {
    await redis().kill();
    await until(
      ({ status, body }) => status === 200 && ['redis', 'clock'].every((part) => body.degraded.includes(part)),
    );
    const token = tokenFor('eve', 'editor');
    const product = { name: 'Ball', price: 1, category: 'toys', description: 'round', stock: 1, rating: 4 };
    expect((await send(service().url, '/api/products', { method: 'POST', token, json: product })).status).toBe(201);
    await until(({ status, body }) => status === 200 && body.degraded.includes('eviction'));
    await redis().up();
    await until(({ status, body }) => status === 200 && body.degraded.length === 0);
  });

  it('Redis is frozen: ready all the same, and the breaker is named', async () => {
    redis().freeze();
    await until(({ status, body }) => status === 200 && body.degraded.includes('breaker'));
    redis().thaw();
    await until(({ body }) => body.degraded.length === 0);
  });
});
