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

  it('npm run soak asks, samples, writes what it saw and ends', async () => {
    const out = mkdtempSync(join(tmpdir(), 'strata-soak-'));
    try {
      const args = ['-r', REGISTER, join(__dirname, '../../soak/run.ts'), '--minutes', '0.1', '--out', out];
      await promisify(execFile)(process.execPath, args, {
        env: { ...process.env, TEST_DATABASE_URL: await shared('postgres') },
      });
      const markdown = readFileSync(join(out, 'soak.md'), 'utf8');
      const rows = [...markdown.matchAll(/^\| (.+?) +\| .* (flat|grows|uncertain) +\|$/gm)].map(([, name]) => name);
      expect(rows).toEqual([
        'heap after GC, MB',
        'RSS, MB',
        'L1, MB',
        'Redis used_memory, MB',
        'handles',
        'sockets',
        'file descriptors',
        'event loop delay, p99, ms',
        'outbox records',
      ]);
      expect(Number(/([\d,]+) of them writes/.exec(markdown)?.[1]?.replace(',', ''))).toBeGreaterThan(0);
      expect(markdown).toContain(' 0 failed');
      expect(readFileSync(join(out, 'bench/soak.svg'), 'utf8')).toContain('</svg>');
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
