import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Longest path of a Unix socket, in bytes: `sun_path` has 104 on macOS, 108 on Linux, with a zero at the end. */
const MAX_SOCKET_PATH = 103;
/** The name under which the pg driver looks for a socket in a folder. */
const SOCKET = '.s.PGSQL.5432';

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
      urlOf: (address) => `postgres://postgres@${address}/postgres`,
      remove: () => undefined,
    };
  }
  const fits = Buffer.byteLength(join(folder, SOCKET)) <= MAX_SOCKET_PATH;
  // mkdtemp makes a folder for this user alone, too.
  const place = fits ? folder : mkdtempSync(join(tmpdir(), 'strata-'));
  const path = join(place, SOCKET);
  // A killed process leaves its own behind.
  rmSync(path, { force: true });
  return {
    listen: { path },
    urlOf: () => `postgres://postgres@localhost/postgres?host=${encodeURIComponent(place)}`,
    remove: () => rmSync(fits ? path : place, { recursive: true, force: true }),
  };
}
