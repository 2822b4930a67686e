import type { Cluster } from './cluster';
import type { State } from './history';

/** What came of one write. */
export interface Written {
  how: string;
  /** It was acknowledged, with success. */
  ok: boolean;
  /** The acknowledgement promises that it is invalidated; for other roads the service only promises the bound. */
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
