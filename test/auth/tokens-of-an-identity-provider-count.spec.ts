import { createServer, type Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { exportJWK, generateKeyPair, type JWK, type KeyLike, SignJWT } from 'jose';
import { Backend, anyDatabase } from '../support/backends';
import { type Answer, type RequestOptions, send, tokenFor } from '../support/client';
import { freePort } from '../support/redis-server';
import { startStrata, type StrataProcess } from '../support/strata-process';

const ISSUER = 'https://id.example/';
const AUDIENCE = 'strata';

interface Key {
  alg: string;
  kid: string;
  privateKey: KeyLike;
  jwk: JWK;
}

async function newKey(alg: string, kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

const provider: { keys: JWK[]; calls: number; status: number; server?: Server } = { keys: [], calls: 0, status: 200 };
let keys: Key[];
let backend: Backend;
let service: StrataProcess;

beforeAll(async () => {
  const algorithms = { rsa: 'RS256', ec: 'ES256', ed: 'EdDSA', 'the next ec': 'ES256' };
  keys = await Promise.all(Object.entries(algorithms).map(([kid, alg]) => newKey(alg, kid)));
  provider.keys = keys.map(({ jwk }) => jwk);
  provider.server = createServer((_request, response) => {
    provider.calls += 1;
    response.writeHead(provider.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: provider.keys }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => provider.server?.once('listening', resolve));
  const { port } = provider.server.address() as AddressInfo;
  backend = await anyDatabase(10_000);
  service = await start(backend, port);
});

function start({ env }: Backend, providerPort: number): Promise<StrataProcess> {
  return startStrata({
    ...env,
    NODE_ENV: 'production',
    // An empty variable counts as unset.
    JWT_SECRET: '',
    JWT_JWKS_URL: `http://127.0.0.1:${providerPort}/keys`,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: `${AUDIENCE}, other`,
    JWT_ROLES_CLAIM: 'realm_access.roles',
    // With time for proofs: on a busy machine trust could end for a moment, and the keys be fetched again.
    CACHE_MAX_LAG: '60s',
  });
}

afterAll(async () => {
  await service.stop();
  await backend.dispose();
  provider.server?.close();
});

interface Wish {
  issuer?: string;
  audience?: string;
  /** Null: none. */
  kid?: string | null;
  claims?: Record<string, unknown>;
}

function sign(key: Key, { issuer = ISSUER, audience = AUDIENCE, kid = key.kid, claims }: Wish = {}): Promise<string> {
  return new SignJWT(claims ?? { realm_access: { roles: ['editor'] } })
    .setProtectedHeader({ alg: key.alg, ...(kid !== null && { kid }) })
    .setSubject('ann')
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime('1h')
    .sign(key.privateKey);
}

/** The claims of an editor whose token holds from then on. @param seconds from now */
function beginningIn(seconds: number): Record<string, unknown> {
  return { realm_access: { roles: ['editor'] }, nbf: Math.floor(Date.now() / 1_000) + seconds };
}

async function status(token: string): Promise<number> {
  return (await send(service.url, '/api/products/1', { method: 'PATCH', token, json: { stock: 1 } })).status;
}

it.each(['RS256', 'ES256', 'EdDSA'])(
  'a token signed by %s is taken, by its kid, with the roles where they are',
  async (alg) => {
    const key = keys.find((one) => one.alg === alg) as Key;
    expect(await status(await sign(key))).toBe(200);
    expect(await status(await sign(key, { claims: { roles: ['editor'] } }))).toBe(403);
    expect(await status(await sign(key, { audience: 'other' }))).toBe(200);
  },
);

it('a token without a kid is taken whichever key of its algorithm has signed it', async () => {
  for (const key of keys) expect([key.kid, await status(await sign(key, { kid: null }))]).toEqual([key.kid, 200]);
  expect(await status(await sign(keys[3]!, { kid: null, audience: 'shop' }))).toBe(401);
  expect(await status(await sign(await newKey('ES256', 'other'), { kid: null }))).toBe(401);
});

it('the keys are fetched once, and shared by all who come', () => {
  expect(provider.calls).toBe(1);
});

it('a key that the provider has added is found at once, and a made-up kid costs the provider nothing more', async () => {
  const added = await newKey('ES256', 'rotated');
  provider.keys = [...provider.keys, added.jwk];
  const before = provider.calls;
  expect(await status(await sign(added))).toBe(200);
  expect(provider.calls).toBe(before + 1);
  for (let i = 0; i < 10; i += 1) expect(await status(await sign(added, { kid: `made-up-${i}` }))).toBe(401);
  expect(provider.calls).toBe(before + 1);
});

it.each<[string, () => Promise<string>]>([
  ['another issuer', () => sign(keys[0]!, { issuer: 'https://evil.example/' })],
  ['another audience', () => sign(keys[0]!, { audience: 'shop' })],
  ['the kid of another key', () => sign(keys[0]!, { kid: 'ec' })],
  ['a key of their own under a known kid', async () => sign(await newKey('ES256', 'ec'))],
  ['the shared secret, which is not configured', () => Promise.resolve(tokenFor('ann', 'editor'))],
  ['a beginning in a minute', () => sign(keys[0]!, { claims: beginningIn(60) })],
])('a token with %s is 401', async (_what, token) => {
  expect(await status(await token())).toBe(401);
});

it('a provider whose clock is two seconds ahead is a good one', async () => {
  expect(await status(await sign(keys[0]!, { claims: beginningIn(2) }))).toBe(200);
});

describe('with the provider unreachable', () => {
  let port: number;
  let database: Backend;
  let node: StrataProcess;
  let late: Server | undefined;
  beforeAll(async () => {
    port = await freePort();
    database = await anyDatabase(10_000);
    node = await start(database, port);
  });
  afterAll(async () => {
    await node.stop();
    await database.dispose();
    late?.close();
  });

  async function write(token: string): Promise<Answer> {
    return send(node.url, '/api/products/1', { method: 'PATCH', token, json: { stock: 1 } });
  }

  function expectNoVerdict({ status: code, headers }: Answer): void {
    expect(code).toBe(503);
    expect(headers.get('retry-after')).toBe('5');
    expect(headers.get('www-authenticate')).toBeNull();
  }

  it('a token of its is a 503 with Retry-After, and the log names the cause', async () => {
    expectNoVerdict(await write(await sign(keys[0]!)));
    expect(node.output()).toMatch(/"reason":"ECONNREFUSED"/);
    expect(node.output()).toMatch(/"cause":"ECONNREFUSED"/);
    expect(node.output()).not.toContain('fetch failed');
  });

  it('a token that needs none of its keys to be refused is still a 401', async () => {
    expect((await write(tokenFor('ann', 'editor'))).status).toBe(401);
    expect((await write('garbage')).status).toBe(401);
  });

  it('public reads with a token succeed, reloads included', async () => {
    const token = await sign(keys[0]!);
    const asked: RequestOptions[] = [{ token }, { token, headers: { 'cache-control': 'no-cache' } }];
    for (const options of asked) expect((await send(node.url, '/api/products/1', options)).status).toBe(200);
  });

  it('it is back: its tokens count; gone again: a token by a new key is a 503, as often as it comes', async () => {
    let isBroken = false;
    late = createServer((_request, response) => {
      response.writeHead(isBroken ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ keys: [keys[0]!.jwk] }));
    }).listen(port, '127.0.0.1');
    await once(late, 'listening');
    expect((await write(await sign(keys[0]!))).status).toBe(200);
    isBroken = true;
    for (let n = 0; n < 3; n += 1) expectNoVerdict(await write(await sign(keys[1]!)));
    expect((await write(await sign(keys[0]!, { audience: 'other' }))).status).toBe(200);
  });
});
