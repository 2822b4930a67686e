import { createHmac } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { onEveryBackend } from '../support/backends';
import { ProblemBody, tokenFor } from '../support/client';
import { useService } from '../support/service';
import { JWT_SECRET } from '../support/strata-process';
import { KETTLE } from '../products/product';

const LOCKED: [method: string, path: string, json: unknown][] = [
  ['POST', '/api/products', KETTLE],
  ['PATCH', '/api/products/1', { stock: 1 }],
  ['PUT', '/api/products/1', KETTLE],
  ['DELETE', '/api/products/1', undefined],
  ['POST', '/api/products/reprice', { category: 'music', percent: 1 }],
];

function sign(claims: object, options: object = {}): string {
  return new JwtService().sign(claims, { secret: JWT_SECRET, algorithm: 'HS256', expiresIn: '1h', ...options });
}

/** Signed as it is written: a library would not write it. */
function raw(header: string, payload: string): string {
  const signed = [header, payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`;
}

const claims = '{"sub":"eve","roles":["editor"],"exp":4000000000}';
const unsigned = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"eve","roles":["editor"]}')}.`.replaceAll('=', '');

onEveryBackend((open) => {
  const service = useService(open);

  it.each(LOCKED)('%s %s is 401 without a token and 403 without the role', async (method, path, json) => {
    const nobody = await service.send<ProblemBody>(method, path, { json });
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer realm="strata"');
    expect(nobody.headers.get('content-type')).toMatch(/problem\+json/);
    const user = await service.send<ProblemBody>(method, path, { json, token: tokenFor('carl', 'admin') });
    expect(user).toMatchObject({ status: 403, body: { detail: 'This needs the role editor.' } });
  });

  it.each<[string, string]>([
    ['garbage', 'garbage'],
    ['another key', sign({ sub: 'eve', roles: ['editor'] }, { secret: 'some other secret of a decent length' })],
    ['no signature', unsigned],
    ['another algorithm', sign({ sub: 'eve', roles: ['editor'] }, { algorithm: 'HS512' })],
    ['an end in the past', sign({ sub: 'eve', roles: ['editor'] }, { expiresIn: -1 })],
    ['no subject', sign({ roles: ['editor'] })],
    ['an empty subject', sign({ sub: '', roles: ['editor'] })],
    ['an endless subject', sign({ sub: 'x'.repeat(201), roles: ['editor'] })],
    ['roles that are a text', sign({ sub: 'eve', roles: 'editor' })],
    ['no end', new JwtService().sign({ sub: 'eve', roles: ['editor'] }, { secret: JWT_SECRET })],
    ['an end beyond all numbers', raw('{"alg":"HS256"}', '{"sub":"eve","roles":["editor"],"exp":1e400}')],
    ['an end beyond all calendars', sign({ sub: 'eve', roles: ['editor'] }, { expiresIn: 1e12 })],
    ['an end in text', raw('{"alg":"HS256"}', '{"sub":"eve","roles":["editor"],"exp":"9999999999"}')],
    ['a beginning to come', sign({ sub: 'eve', roles: ['editor'] }, { notBefore: 600 })],
    ['an extension that has to be understood', raw('{"alg":"HS256","crit":["x"],"x":1}', claims)],
    ['an extension that the library knows', raw('{"alg":"HS256","crit":["b64"],"b64":true}', claims)],
    ['an unencoded payload', raw('{"alg":"HS256","crit":["b64"],"b64":false}', claims)],
  ])('a token with %s is 401', async (_what, token) => {
    const answer = await service.send('PATCH', '/api/products/1', { token, json: { stock: 1 } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
  });

  it('a token is the same one after several spaces, whatever is remembered of it', async () => {
    const headers = { authorization: `bearer   ${tokenFor('ann')}` };
    for (let i = 0; i < 3; i += 1) {
      expect((await service.get<{ user: string }>('/api/me/dashboard', { headers })).body.user).toBe('ann');
    }
    const forged = { authorization: `bearer   ${tokenFor('ann')}x` };
    for (let i = 0; i < 3; i += 1)
      expect((await service.get('/api/me/dashboard', { headers: forged })).status).toBe(401);
  });

  it('a public route does not look at tokens, not even at bad ones', async () => {
    expect((await service.get('/api/products/1', { token: 'garbage' })).status).toBe(200);
  });
});
