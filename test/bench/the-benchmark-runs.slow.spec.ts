import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needs } from '../support/needs';
import { shared } from '../support/machine/shared';

const REGISTER = join(__dirname, '../support/swc-register.cjs');

describe('on PostgreSQL and Redis', () => {
  needs('postgres', 'redis-server');

  it('npm run bench prints and writes what it has measured', async () => {
    const out = mkdtempSync(join(tmpdir(), 'strata-bench-'));
    try {
      const args = ['-r', REGISTER, join(__dirname, '../../bench/run.ts'), '--tiny', '--only', 'seed', '--out', out];
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        env: { ...process.env, TEST_DATABASE_URL: await shared('postgres') },
      });
      const markdown = readFileSync(join(out, 'benchmarks.md'), 'utf8');
      // A row for each page; a first and a second request for each of the four settings.
      const printed = [...stdout.matchAll(/^[123](?: +[\d.]+){8}$/gm)].map(([row]) => row.split(/ +/));
      const written = [...markdown.matchAll(/^\| *[123] *(?:\| *[\d.]+ *){8}\|$/gm)].map(([row]) =>
        row
          .split('|')
          .map((cell) => cell.trim())
          .filter(Boolean),
      );
      expect(printed).toHaveLength(3);
      expect(written).toEqual(printed);
      expect(new Set(printed.flat()).size).toBeGreaterThan(9);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
