import { clock } from './report/format';

/** One line that is written over on a terminal; elsewhere a line a step, without the details. */
export class Progress {
  private readonly began = performance.now();
  private step = '';

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {}

  get seconds(): number {
    return (performance.now() - this.began) / 1_000;
  }

  begin(index: number, steps: number, title: string): void {
    this.step = `[${index}/${steps}] ${title}`;
    if (this.out.isTTY) this.show('');
    else this.out.write(`${clock(this.seconds)} ${this.step}\n`);
  }

  readonly show = (what: string): void => {
    if (!this.out.isTTY) return;
    const line = `${clock(this.seconds)} ${this.step}${what && `: ${what}`}`;
    this.out.write(`\r\x1b[K${line.slice(0, (this.out.columns || 80) - 1)}`);
  };

  clear(): void {
    if (this.out.isTTY) this.out.write('\r\x1b[K');
  }
}
