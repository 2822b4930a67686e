import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longest path of a Unix socket, in bytes: `sun_path` has 104 on macOS, 108 on Linux, with a zero at the end. */
const MAX_SOCKET_PATH = 103;
/** The name under which the pg driver looks for a socket in a folder. */
const PORT = 5432;
const SOCKET = `.s.PGSQL.${PORT}`;

/**
 * What a URL leaves out, the pg driver takes from the environment, where `PGPORT`, `PGSSLMODE` and their like are for
 * another server. An empty `options` counts as left out, so it names a setting's own default.
 */
const OWN_SETTINGS = 'sslmode=disable&sslnegotiation=postgres&replication=false&options=-c%20statement_timeout%3D0';

/** Where the embedded database listens and the pg driver finds it. */
export interface Endpoint {
  readonly listen: { path: string } | { host: string; port: number };
  /** @param address what the server says it listens at */
  urlOf(address: string): string;
  /** Removes what it left on the disk. */
  remove(): void;
}

/**
 * A socket in a folder that only this user can enter, so that no other user of the machine reaches the database. Windows has no
 * such sockets: there it is a port on loopback.
 */
export function endpointIn(folder: string): Endpoint {
  if (process.platform === 'win32') {
    return {
      listen: { host: '127.0.0.1', port: 0 },
      urlOf: (address) => `postgres://postgres@${address}/postgres?${OWN_SETTINGS}`,
      remove: () => undefined,
    };
  }
  const fits = Buffer.byteLength(join(folder, SOCKET)) <= MAX_SOCKET_PATH;
  // mkdtemp makes a folder for this user alone, too.
  const place = fits ? folder : mkdtempSync(join(tmpdir(), 'strata-'));
  const path = join(place, SOCKET);
  // A killed process leaves its own behind.
  rmSync(path, { force: true });
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(fits ? path : place, { recursive: true, force: true });
  };
  // An interrupted start ends without closing the database, and the system's folder for temporary
  // files would keep what is in it.
  process.on('exit', remove);
  return {
    listen: { path },
    urlOf: () => `postgres://postgres@localhost:${PORT}/postgres?host=${encodeURIComponent(place)}&${OWN_SETTINGS}`,
    remove,
  };
}
