import { rmSync } from 'node:fs';
import { report } from './report';
import { TestRun } from './run';
import { SharedServers } from './shared-servers';

let running: { run: TestRun; servers: SharedServers } | undefined;

/** Looks for the programs that suites may need, and opens the door to the servers that they share. */
export async function begin(): Promise<void> {
  const run = TestRun.begin();
  running = { run, servers: await SharedServers.open(run) };
  process.once('exit', discard);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      discard();
      process.exit(1);
    });
  }
}

/** Ends the servers and says what was skipped. @throws Error when suites left something behind */
export async function end(): Promise<void> {
  const { run, servers } = running!;
  const left = await servers.close();
  process.stderr.write(report(run.skipped(), run.missing()));
  discard();
  if (left.length > 0) throw new Error(`Suites left behind:\n${left.join('\n')}`);
}

function discard(): void {
  running?.servers.discard();
  if (running) rmSync(running.run.folder, { recursive: true, force: true });
  running = undefined;
}
