import { AsyncScope } from '../../core/async/async-scope';

/** The tags that each request of this process has invalidated so far, for the headers of its response. */
export class WriteScope extends AsyncScope<Set<string>> {
  private readonly unstamped = new WeakSet<Set<string>>();

  /** The current request's write was acknowledged before its stamp: its response may not name a state that has it. */
  noteUnstamped(): void {
    const tags = this.current();
    if (tags) this.unstamped.add(tags);
  }

  isUnstamped(tags: Set<string>): boolean {
    return this.unstamped.has(tags);
  }
}
