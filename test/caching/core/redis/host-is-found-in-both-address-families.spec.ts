import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { needs } from '../../../support/needs';
import { RedisServer } from '../../../support/redis-server';
import { closeStacks, live, node } from '../../../support/stacks';

needs('redis-server');

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const ADDRESSES: Record<string, LookupAddress[]> = {
  'six.test': [{ address: '::1', family: 6 }],
  'both.test': [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ],
};

type Found = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/** What the system's resolver does, for names of the test's own. */
function lookup(host: string, options: LookupOptions, found: Found): void {
  const right = ADDRESSES[host]?.filter(({ family }) => !options.family || options.family === family) ?? [];
  const [first] = right;
  if (!first) return found(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }));
  return options.all ? found(null, right) : found(null, first.address, first.family);
}

(hasIpv6 ? describe : describe.skip)('a server that listens on an IPv6 address only', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
    jest.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup);
    await server.command('CONFIG', 'SET', 'bind', '::1');
  });
  afterEach(() => closeStacks());
  afterAll(async () => {
    jest.restoreAllMocks();
    await server.stop();
  });

  it.each(['[::1]', 'six.test', 'both.test'])('redis://%s', async (host) => {
    const near = await node({ prefix: 'six', l2Timeout: 1_000, redis: { url: `redis://${host}:${server.port}` } });
    expect(near.redis!.fault).toBeUndefined();
    await live(near);
    await near.store.invalidate(['tag']);
  });
});
