import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from './eventually';
import { quickStart } from './machine/quick-start';

const DIST = join(__dirname, '../../dist');
/** Modes that a program may switch in a terminal (DECSET): line wrap, cursor, the other screen. */
const MODE = new RegExp('\u001b\\[\\?(7|25|1049)([hl])', 'g');
const AT_FIRST: Record<string, string> = { 7: 'h', 25: 'h', 1049: 'l' };

/** A program of ours on a terminal of its own, made by script(1). */
export class Terminal {
  private text = '';
  /** The program's exit code: 128 and more means that a signal ended it. */
  readonly ended: Promise<number>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.ended = once(child, 'close').then(([code]) => code as number);
  }

  static run(program: string, env: Record<string, string>, cwd: string): Terminal {
    const modules = quickStart();
    const command = ['exec', process.execPath, ...modules.args, join(DIST, program)]
      .map((word) => `"${word}"`)
      .join(' ');
    const options = { cwd, env: { PATH: process.env.PATH, TERM: 'xterm', ...modules.env, ...env } };
    return new Terminal(
      spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], options),
    );
  }

  get output(): string {
    return this.text;
  }

  /** Waits until this is on the screen. */
  async shows(text: string): Promise<void> {
    await eventually(() => {
      if (!this.text.includes(text)) throw new Error(`${text} is not on the screen:\n${this.text}`);
    }, 120_000);
  }

  /** Presses Ctrl-C. @returns the program's exit code */
  async interrupt(): Promise<number> {
    this.child.stdin!.write('\x03');
    return this.ended;
  }

  /** Closes the window: the program is hung up, and can write nothing more. */
  close(): void {
    this.child.kill('SIGKILL');
  }

  /** The modes that the program has left other than it found them. */
  get switchedModes(): string[] {
    const last = { ...AT_FIRST };
    for (const [, mode, state] of this.text.matchAll(MODE)) last[mode!] = state!;
    return Object.keys(last).filter((mode) => last[mode] !== AT_FIRST[mode]);
  }
}
