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
