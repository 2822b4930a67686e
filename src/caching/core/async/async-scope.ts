import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * An AsyncLocalStorage that is enabled only while a scope is open. Before Node 24 an enabled one hooks every promise of the
 * process, which doubled the time of a cache hit outside any scope.
 */
export class AsyncScope<T> {
  private readonly storage = new AsyncLocalStorage<T>();
  private inside = 0;

  /** Runs `work` in a scope of its own, which closes when the returned promise has settled. */
  async run<R>(value: T, work: () => Promise<R>): Promise<R> {
    const leave = this.enter();
    try {
      return await this.storage.run(value, work);
    } finally {
      leave();
    }
  }

  /** Runs `begin` in a scope that stays open until `leave` is called. Work that runs longer finds no scope. */
  begin<R>(value: T, begin: () => R): { begun: R; leave: () => void } {
    const leave = this.enter();
    return { begun: this.storage.run(value, begin), leave };
  }

  current(): T | undefined {
    return this.storage.getStore();
  }

  private enter(): () => void {
    this.inside += 1;
    return () => {
      this.inside -= 1;
      if (this.inside === 0) this.storage.disable();
    };
  }
}
