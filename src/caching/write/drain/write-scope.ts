import { AsyncScope } from '../../core/async/async-scope';

/** What the requests of this process have evicted so far, each by itself: what its writer's answer may tell. */
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
