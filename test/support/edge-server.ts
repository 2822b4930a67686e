import { type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilUp } from './child';

/** A shared cache in front of the nodes: a real process on loopback, with a folder of its own. */
export abstract class EdgeServer {
  protected process?: ChildProcess;
  protected readonly folder = mkdtempSync(join(tmpdir(), 'strata-edge-'));

  protected constructor(readonly port: number) {}

  protected abstract launch(): ChildProcess;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers for a node behind it. A failure leaves nothing behind. */
  async up(): Promise<this> {
    this.process = this.launch();
    try {
      await untilUp(this.process, () => fetch(`${this.url}/health/live`));
    } catch (error) {
      await this.stop();
      throw error;
    }
    return this;
  }

  async down(): Promise<void> {
    const { process } = this;
    if (!process?.pid || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((done) => process.once('close', done));
    process.kill('SIGTERM');
    await gone;
  }

  async stop(): Promise<void> {
    await this.down();
    this.discard();
  }

  protected discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Settings of a file in docker/ that a test needs otherwise: what stands there, and what replaces it. */
export type Changes = Readonly<Record<string, string>>;

/** @throws when the file has no such setting, as the test would then prove nothing */
export function changed(text: string, changes: Changes = {}): string {
  return Object.entries(changes).reduce((now, [setting, other]) => {
    if (!now.includes(setting)) throw new Error(`There is no "${setting}" to replace`);
    return now.replaceAll(setting, other);
  }, text);
}
