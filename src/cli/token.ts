import './supported-node';
import { isSubject, KeySet, MAX_SUBJECT, ROLES, TokenService } from '../auth';
import { loadConfig, loadEnvFile } from '../config';
import { parseOptions } from './parse-options';

const USAGE = `npm run token -- --sub alice [--role editor] [--role admin] [--days 30]

Prints a bearer token signed with JWT_SECRET (from the environment or .env).`;

/** `npm run token`: prints a token for one user, and nothing else, on standard output. */
async function main(): Promise<void> {
  const values = parseOptions(USAGE, {
    sub: { type: 'string' },
    role: { type: 'string', multiple: true, default: [] },
    days: { type: 'string', default: '30' },
  });
  if (!values.sub) throw new Error(`--sub must say whom the token is for\n\n${USAGE}`);
  if (!isSubject(values.sub)) throw new Error(`--sub must have at most ${MAX_SUBJECT} characters\n\n${USAGE}`);
  const unknown = values.role.filter((role) => !(ROLES as readonly string[]).includes(role));
  if (unknown.length > 0)
    throw new Error(`--role must be ${ROLES.join(' or ')}, not ${unknown.join(', ')}\n\n${USAGE}`);
  if (!/^[1-9]\d{0,3}$/.test(values.days)) throw new Error(`--days must be a whole number from 1 to 9999\n\n${USAGE}`);

  loadEnvFile();
  const config = loadConfig(process.env);
  if (config.auth.generated) {
    throw new Error(
      'JWT_SECRET is not set, so every start of the service makes a secret of its own, and prints a token for it. ' +
        'For tokens that last, set JWT_SECRET: see .env.example.',
    );
  }
  const tokens = new TokenService(config, new KeySet(config));
  console.log(await tokens.sign({ id: values.sub, roles: values.role }, Number(values.days) * 24 * 60 * 60));
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
