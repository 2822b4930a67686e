import { AsyncLocalStorage } from 'node:async_hooks';

/** What the requests of this process have evicted so far, each by itself: what its writer's answer may tell. */
export class WriteScope {
  private readonly storage = new AsyncLocalStorage<Set<string>>();

  /** Runs `work`; what is committed in it is added to `groups`. */
  run<T>(groups: Set<string>, work: () => T): T {
    return this.storage.run(groups, work);
  }

  /** Undefined: nobody asked. */
  current(): Set<string> | undefined {
    return this.storage.getStore();
  }
}
