import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { anyDatabase } from '../support/backends';
import { tokenFor } from '../support/client';
import { effort } from '../support/effort';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { useService } from '../support/service';
import { asFunctionBody, asScript, programOf, runnableBlocks } from './runnable';

interface Readiness {
  degraded: string[];
}

const pages = ['README.md', ...readdirSync('docs').map((file) => join('docs', file))]
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, blocks: runnableBlocks(readFileSync(file, 'utf8')) }));
const pagesWith = (language: string, setting = '') =>
  pages
    .map(({ file, blocks }) => ({ file, program: programOf(blocks, language, setting) }))
    .filter(({ program }) => program !== '');
const settings = [...new Set(pages.flatMap(({ blocks }) => blocks.map(({ setting }) => setting)))];

describe('TypeScript', () => {
  const fromHere = createRequire(__filename);
  const load = (name: string): unknown =>
    name === 'strata-caching' ? fromHere('../../src/caching') : jest.requireActual(name);

  it.each(pagesWith('ts'))('of $file does what it says', async ({ program }) => {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
    await new Function('require', 'expect', asFunctionBody(program))(load, expect);
  });
});

describe.each(
  effort(
    settings.filter((setting) => setting === ''),
    settings,
  ),
)('commands, with the setting "%s"', (setting) => {
  needs('curl');
  // What is shown is not how long a proof holds, which is a second: a busy machine may take as long.
  const service = useService(anyDatabase, { CACHE_MAX_LAG: '60s', ...environmentOf(setting) });

  it.each(pagesWith('sh', setting))('of $file print what they say', async ({ program }) => {
    const { url } = service.process();
    const admin = tokenFor('root', 'admin');
    await service.send('DELETE', '/api/cache', { token: admin });
    await eventually(async () => (await service.get<Readiness>('/health/ready')).body.degraded.length === 0);
    const env = { PATH: process.env.PATH, TOKEN: tokenFor('alice', 'editor'), ADMIN: admin };
    const script = asScript(program).replaceAll('http://127.0.0.1:3000', url);
    await promisify(execFile)('bash', ['-c', script], { env }).catch((error: { stderr: string }) => {
      throw new Error(error.stderr);
    });
  });
});

/** With time for proofs: on a busy machine trust could end for a moment, and a hit be a miss. */
function environmentOf(setting: string): Record<string, string> {
  const [name = '', value = ''] = setting.split('=');
  return { CACHE_MAX_LAG: '60s', ...(name === '' ? {} : { [name]: value }) };
}

it('most pages have code that runs', () => {
  expect(pages.filter(({ blocks }) => blocks.length > 0).length).toBeGreaterThanOrEqual(10);
});
