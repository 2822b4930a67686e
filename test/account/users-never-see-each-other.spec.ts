import { onEveryBackend } from '../support/backends';
import { tokenFor } from '../support/client';
import { ask, RawAnswer } from '../support/http';
import { useService } from '../support/service';
import { effort } from '../support/effort';

const USERS = Array.from({ length: 12 }, (_, i) => `user-${i}`);
const REQUESTS = effort(600, 10_000);
const AT_ONCE = 24;

interface Dashboard {
  user: string;
  results: { id: number }[];
}

/** What a user says who they are with. The cookie means nothing to the service, and must not mean anything to the cache. */
const credentials = new Map(
  USERS.map((user) => [user, { authorization: `Bearer ${tokenFor(user)}`, cookie: `session=${user}` }]),
);

onEveryBackend((open) => {
  // With time for proofs: on a busy machine trust could end for a moment, and a hit be a miss.
  const service = useService(open, { CACHE_MAX_LAG: '60s' });
  const watched = (user: string): number[] => {
    const index = USERS.indexOf(user);
    return Array.from({ length: (index % 5) + 1 }, (_, i) => index * 10 + i + 1);
  };

  beforeAll(async () => {
    for (const user of USERS) {
      for (const id of watched(user)) {
        const { status } = await service.send('PUT', `/api/me/watchlist/${id}`, { token: tokenFor(user) });
        expect(status).toBe(204);
      }
    }
  });

  const ownDashboard = (user: string, { status, headers, body }: RawAnswer): boolean => {
    if (status === 304) return true;
    const dashboard = JSON.parse(body.toString()) as Dashboard;
    const ids = dashboard.results.map(({ id }) => id).sort((a, b) => a - b);
    expect([dashboard.user, ids]).toEqual([user, watched(user)]);
    expect(headers['cache-control']).toBe('private, max-age=0, must-revalidate');
    expect(headers.vary).toContain('authorization');
    return String(headers['cache-status']).includes('; hit;');
  };

  it(`in ${REQUESTS} requests of all at once`, async () => {
    const { url } = service.process();
    let sent = 0;
    let hits = 0;
    let etags = new Map<string, string>();
    const client = async (seed: number): Promise<void> => {
      while (sent < REQUESTS) {
        const n = sent++;
        const user = USERS[(n * 7 + seed) % USERS.length]!;
        const headers = credentials.get(user)!;
        switch (n % 8) {
          case 0: {
            // Nobody: whatever was filled before.
            expect((await ask(url, '/api/me/dashboard')).status).toBe(401);
            break;
          }
          case 1: {
            // Public, with and without a token: the same bytes.
            const path = `/api/products?page=${(n % 5) + 1}`;
            const [one, two] = await Promise.all([ask(url, path, { headers }), ask(url, path)]);
            expect(one.body.equals(two.body)).toBe(true);
            expect(one.headers['cache-control']).toContain('public');
            break;
          }
          case 2: {
            // A user with somebody else's validator gets a 200 of their own.
            const stranger = USERS[(USERS.indexOf(user) + 1) % USERS.length]!;
            const etag = etags.get(stranger) ?? '"none"';
            const answer = await ask(url, '/api/me/dashboard', { headers: { ...headers, 'if-none-match': etag } });
            expect(answer.status).toBe(200);
            ownDashboard(user, answer);
            break;
          }
          case 3: {
            expect((await ask(url, '/api/me/dashboard', { headers: { cookie: headers.cookie } })).status).toBe(401);
            break;
          }
          default: {
            const query = ['', '?page=1', '/', '?page=01'][n % 4]!;
            const answer = await ask(url, `/api/me/dashboard${query}`, { headers });
            expect(answer.status).toBe(200);
            if (ownDashboard(user, answer)) hits += 1;
            etags.set(user, String(answer.headers.etag));
          }
        }
        if (n % 1_000 === 0) etags = new Map();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, seed) => client(seed)));
    expect(sent).toBeGreaterThanOrEqual(REQUESTS);
    expect(hits).toBeGreaterThan(REQUESTS / 4);
  });

  it('when all send their first request at once, and each repeats it many times', async () => {
    const { url } = service.process();
    const asked = await Promise.all(
      Array.from({ length: 240 }, async (_, i) => {
        const user = `late-${i % 6}`;
        const token = tokenFor(user);
        const answer = await ask(url, '/api/me/dashboard', { headers: { authorization: `Bearer ${token}` } });
        return { user, answer };
      }),
    );
    for (const { user, answer } of asked) {
      expect(JSON.parse(answer.body.toString())).toMatchObject({ user, count: 0, results: [] });
    }
    const loads = asked.filter(({ answer }) => String(answer.headers['cache-status']).endsWith('uri-miss; stored'));
    expect(loads).toHaveLength(6);
  });
});
