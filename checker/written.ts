import type { Cluster } from './cluster';
import type { State } from './history';

/** What came of one write. */
export interface Written {
  how: string;
  /** It was answered, and well. */
  ok: boolean;
  /** Whoever answered has promised that it is evicted; of other roads the service only says that it takes no longer than the bound. */
  promised: boolean;
}

/** Whose things are written, and with what. */
export interface Owner {
  cluster: Cluster;
  user: string;
  categories: readonly [string, string];
  random: () => number;
  state: State;
}

export function pickOne<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}
