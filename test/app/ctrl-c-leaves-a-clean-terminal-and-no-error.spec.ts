import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PageJson } from '../products/product';
import { anyDatabase } from '../support/backends';
import { send } from '../support/client';
import { effort, slowIt } from '../support/effort';
import { eventually } from '../support/eventually';
import { needs } from '../support/needs';
import { Terminal } from '../support/terminal';

// script(1) of util-linux; elsewhere it takes other options.
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('Ctrl-C', () => {
  needs('script');
  let folder: string;
  let env: Record<string, string>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'strata-terminal-'));
    mkdirSync(join(folder, 'tmp'));
    // Too long for the path of a socket, so the database has its socket in the folder for temporary files.
    env = { PORT: '0', DATA_DIR: join(folder, 'data'.repeat(20)), TMPDIR: join(folder, 'tmp') };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function expectClean({ output, switchedModes }: Terminal): void {
    expect(switchedModes).toEqual([]);
    expect(output).not.toMatch(/cannot start|Error|^ +at /m);
  }

  async function interruptedAt(moment: string): Promise<void> {
    const terminal = Terminal.run('main.js', env, folder);
    await terminal.shows(moment);
    if (moment === 'Server listening') {
      const url = /http:[\w/.:]+:\d+/.exec(terminal.output)![0];
      expect((await send<PageJson>(url, '/api/products')).body.count).toBe(10_000);
    }
    expect(await terminal.interrupt()).toBe(0);
    expectClean(terminal);
    expectNothingLeft();
  }

  function expectNothingLeft(): void {
    expect(readdirSync(env.TMPDIR!)).toEqual([]);
  }

  it('during the first start and after it, and the next start has the whole catalogue', async () => {
    const moments = ['Making an embedded', 'Filling the catalogue', 'Server listening', 'is ready'];
    for (const moment of effort(moments.slice(1, 3), moments)) await interruptedAt(moment);
  });

  it('a closed terminal ends the service as cleanly', async () => {
    const terminal = Terminal.run('main.js', env, folder);
    await terminal.shows('is ready');
    const locks = readdirSync(env.DATA_DIR!).filter((name) => name.startsWith('strata.lock.'));
    expect(locks).toHaveLength(1);
    terminal.close();
    // The last of what a clean end does.
    await eventually(() => statSync(join(env.DATA_DIR!, locks[0]!)).size === 0);
    await eventually(expectNothingLeft);
  });

  it('just before the service listens', async () => {
    const preload = join(__dirname, '../support/preload/interrupt-at-listen.cjs');
    const backend = await anyDatabase(10_000);
    const terminal = Terminal.run('main.js', { ...env, ...backend.env, NODE_OPTIONS: `--require ${preload}` }, folder);
    expect(await terminal.ended).toBe(0);
    expectClean(terminal);
    await backend.dispose();
  });

  slowIt('while npm run seed fills the catalogue', async () => {
    const terminal = Terminal.run('cli/seed.js', env, folder);
    await terminal.shows('Filling the catalogue');
    expect(await terminal.interrupt()).toBe(130);
    expectClean(terminal);
    expectNothingLeft();
  });
});
