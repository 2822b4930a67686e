import { JwtService } from '@nestjs/jwt';
import { JWT_SECRET, runStrata } from '../support/strata-process';

it('prints a token that the service trusts, and nothing else', async () => {
  const args = ['--sub', 'alice', '--role', 'editor', '--role', 'admin', '--days', '2'];
  const { code, output } = await runStrata('cli/token.js', args, { JWT_SECRET });
  expect(code).toBe(0);
  const claims = new JwtService().verify<{ exp: number; iat: number }>(output.trim(), {
    secret: JWT_SECRET,
    algorithms: ['HS256'],
  });
  expect(claims).toMatchObject({ sub: 'alice', roles: ['editor', 'admin'] });
  expect(claims.exp - claims.iat).toBe(2 * 24 * 60 * 60);
});

it.each<[string, string[], Record<string, string>, RegExp]>([
  ['no subject', [], { JWT_SECRET }, /--sub must/],
  ['an unknown role', ['--sub', 'a', '--role', 'king'], { JWT_SECRET }, /--role must be editor or admin/],
  ['a strange time', ['--sub', 'a', '--days', 'many'], { JWT_SECRET }, /--days must/],
  ['no secret', ['--sub', 'a'], {}, /JWT_SECRET is not set/],
  ['an unknown option', ['--user', 'a'], { JWT_SECRET }, /--user/],
])('refuses %s and says why', async (_what, args, env, reason) => {
  const { code, output } = await runStrata('cli/token.js', args, env);
  expect(code).toBe(1);
  expect(output).toMatch(reason);
  expect(output).not.toMatch(/^\s+at /m);
});
