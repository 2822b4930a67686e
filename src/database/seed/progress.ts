import { Presets, SingleBar } from 'cli-progress';

/** Shows how far `work` is: a bar on a terminal, nothing in a log file. */
export async function withProgressBar(
  label: string,
  total: number,
  work: (onProgress: (done: number) => void) => Promise<void>,
): Promise<void> {
  const bar = new SingleBar({ format: `  ${label} [{bar}] {value}/{total}`, hideCursor: true }, Presets.legacy);
  bar.start(total, 0);
  try {
    await work((done) => bar.update(done));
  } finally {
    // Gives the cursor back, so it must run even when the work failed.
    bar.stop();
  }
}
