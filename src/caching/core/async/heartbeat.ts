/** Calls `beat` repeatedly, `every` milliseconds after the last call ended. Does not keep the process alive. */
export class Heartbeat {
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly beat: () => Promise<void>,
    private readonly every: number,
  ) {}

  start(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.beat().finally(() => this.start()), this.every).unref();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}
