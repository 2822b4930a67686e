import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findPostgres } from './postgres-binaries';

interface Program {
  /** Debian packages that bring it. */
  packages: string[];
  /** Commands on the PATH, or in the folders of administrators. */
  commands?: string[];
  isThere?: () => boolean;
}

/** What a suite may need beside Node and npm. */
const PROGRAMS = {
  postgres: {
    packages: ['postgresql'],
    isThere: () => process.env.TEST_DATABASE_URL !== undefined || findPostgres() !== undefined,
  },
  psql: { packages: ['postgresql-client'], commands: ['psql', 'pg_dump', 'pg_restore'] },
  'redis-server': { packages: ['redis-server'], commands: ['redis-server'] },
  curl: { packages: ['bash', 'curl', 'grep'], commands: ['bash', 'curl', 'grep'] },
  script: { packages: ['bsdutils'], commands: ['script'] },
  openssl: { packages: ['openssl'], commands: ['openssl'] },
  nginx: { packages: ['nginx', 'gettext-base', 'procps'], commands: ['nginx', 'envsubst', 'pgrep'] },
  varnish: {
    packages: ['varnish', 'varnish-modules', 'procps'],
    commands: ['varnishd', 'gcc', 'pgrep'],
    isThere: () => libraryExists('varnish/vmods/libvmod_xkey.so'),
  },
  chromium: { packages: ['chromium'], isThere: () => findChromium() !== undefined },
  prometheus: { packages: ['prometheus'], commands: ['prometheus', 'promtool'] },
  pgbouncer: { packages: ['pgbouncer'], commands: ['pgbouncer'] },
} satisfies Record<string, Program>;

export type Need = keyof typeof PROGRAMS;

/** Names of what this machine lacks, and the Debian packages that bring it. */
export type Missing = Partial<Record<Need, string[]>>;

export function findMissing(): Missing {
  const programs = Object.entries(PROGRAMS) as [Need, Program][];
  return Object.fromEntries(
    programs.filter(([, it]) => !isComplete(it)).map(([name, { packages }]) => [name, packages]),
  );
}

/** The full path of a command, or undefined. An ordinary user's PATH lacks the folders where Debian has its servers. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function findChromium(): string | undefined {
  return process.env.CHROMIUM_PATH ?? ['chromium', 'chromium-browser', 'google-chrome'].map(findCommand).find(Boolean);
}

function isComplete({ commands = [], isThere = () => true }: Program): boolean {
  return commands.every((command) => findCommand(command) !== undefined) && isThere();
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** In /usr/lib, or where Debian has what is made for one kind of processor. */
function libraryExists(path: string): boolean {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, path), constants.R_OK);
      return true;
    } catch {
      return false;
    }
  });
}
