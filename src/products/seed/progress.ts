import { Presets, SingleBar } from 'cli-progress';

/** Shows how far `work` is: a bar on a terminal, nothing in a log file. */
export async function withProgressBar(
  label: string,
  total: number,
  work: (onProgress: (done: number) => void) => Promise<void>,
): Promise<void> {
  const bar = new SingleBar({ linewrap: true, format: `  ${label} [{bar}] {value}/{total}` }, Presets.legacy);
  bar.start(total, 0);
  try {
    await work((done) => bar.update(done));
  } finally {
    bar.stop();
  }
}
