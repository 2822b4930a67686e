import { join } from 'node:path';
import type { Lab } from '../lab';
import { StatementProxy } from '../statement-proxy';
import { Player } from './player';
import { Shelf } from './shelf';

/** How values are kept from growing old. */
interface Way {
  name: string;
  nodes?: number;
  env?: Record<string, string>;
  preload?: string;
}

export const LONG_TTL = 'TTL only, 5 min';
export const REFERENCE = 'no cache';

const TTL_ONLY = { preload: 'no-eviction', env: { CACHE_LAYERS: 'view' } };
const WAYS: readonly Way[] = [
  { name: REFERENCE, env: { CACHE_LAYERS: 'none' } },
  { name: 'Strata' },
  { name: 'Strata, 2 nodes', nodes: 2 },
  { name: 'one tag for everything', preload: 'one-coarse-tag' },
  { name: LONG_TTL, ...TTL_ONLY },
  { name: 'TTL only, 1 s', ...TTL_ONLY, env: { ...TTL_ONLY.env, CACHE_TTL: '1s' } },
];

/** All of them, each on a catalogue of its own. */
export async function invite(lab: Lab, rows: number): Promise<{ players: Player[]; shelf: Shelf }> {
  const seated = [];
  for (const way of WAYS) {
    const database = await lab.database(rows);
    await Shelf.clear(database);
    const proxy = await StatementProxy.to(database);
    lab.closeLater(() => proxy.close());
    seated.push({ way, database, proxy });
  }
  const players = await Promise.all(seated.map(({ way, proxy }) => seat(lab, way, proxy)));
  return { players, shelf: await Shelf.of(seated[0]!.database) };
}

async function seat(lab: Lab, { name, nodes = 1, env, preload }: Way, proxy: StatementProxy): Promise<Player> {
  const settings = {
    ...lab.settings(proxy.url),
    ...env,
    ...(preload && { NODE_OPTIONS: `--require ${join(__dirname, '../../test/support/preload', `${preload}.cjs`)}` }),
  };
  const started = await Promise.all(Array.from({ length: nodes }, () => lab.strata(settings)));
  const urls = started.map(({ url }) => url);
  return new Player(name, urls, proxy, env?.CACHE_LAYERS !== 'none');
}
