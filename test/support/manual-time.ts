import type { Time } from '../../src/caching/core/async/time';

/** Time that passes only when told to. */
export class ManualTime implements Time {
  private now = 1_000_000;

  pass(ms: number): void {
    this.now += ms;
  }

  wall(): number {
    return this.now;
  }

  mono(): number {
    return this.now;
  }

  sleep(ms: number): Promise<void> {
    this.pass(ms);
    return Promise.resolve();
  }
}
