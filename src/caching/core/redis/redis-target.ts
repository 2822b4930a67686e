/** One server's address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  /** Undefined: the user `default`, whose password `requirepass` sets. */
  readonly username?: string;
  readonly password: string;
}

interface Access {
  readonly tls: boolean;
  readonly credentials?: Credentials;
}

/** Which Redis: one server, the master that sentinels name, or a cluster. Certificates are verified. */
export type RedisTarget =
  | (Access & { readonly kind: 'server'; readonly hosts: readonly [HostPort]; readonly database: number })
  | (Access & { readonly kind: 'cluster'; readonly hosts: readonly HostPort[] })
  | (Access & {
      readonly kind: 'sentinel';
      /** The sentinels, queried in this order. */
      readonly hosts: readonly HostPort[];
      readonly master: string;
      readonly database: number;
      /** Of the sentinels; `credentials` are the servers' own. */
      readonly sentinelCredentials?: Credentials;
    });

const FORMS = [
  'redis://user:password@host:6379/0',
  'redis+cluster://user:password@host:6379,host:6379',
  'redis+sentinel://user:password@host:26379,host:26379/master/0',
];
/** What a Redis URL has to be, to complete "REDIS_URL must be …". */
export const REDIS_URL_FORMS = `${FORMS.join(' or ')} (with TLS: rediss://, rediss+cluster://, rediss+sentinel://)`;

const GRAMMAR =
  /^(redis|valkey)(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST_PORT = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;
const PORT = { server: 6_379, cluster: 6_379, sentinel: 26_379 } as const;

/**
 * Reads a Redis URL. `valkey://` is the same as `redis://`, and `valkeys://` as `rediss://`.
 * @throws RangeError that says what is wrong, to complete "REDIS_URL must be …", and repeats no part of the URL
 */
export function parseRedisUrl(url: string): RedisTarget {
  const [, , secure, form = 'server', user, hostList, path = '', query = ''] = GRAMMAR.exec(url) ?? refuse();
  const kind = form as RedisTarget['kind'];
  const hosts = hostList!.split(',').map((text, at) => hostPort(text, PORT[kind], `host ${at + 1}`));
  const access: Access = { tls: secure === 's', credentials: credentialsOf(user) };
  const options = new URLSearchParams(query);
  const known = kind === 'sentinel' ? ['sentinel_username', 'sentinel_password'] : [];
  if ([...options.keys()].some((name) => !known.includes(name))) refuse('it has an unknown option after the "?"');
  switch (kind) {
    case 'server': {
      const [host, ...others] = hosts as [HostPort, ...HostPort[]];
      if (others.length > 0) refuse('several hosts need redis+cluster:// or redis+sentinel://');
      return { kind, hosts: [host], database: databaseOf(path), ...access };
    }
    case 'cluster':
      if (path !== '' && path !== '0') refuse('a cluster has no database number and no path');
      return { kind, hosts, ...access };
    case 'sentinel': {
      const [master = '', database = '', ...rest] = path.split('/').map(decoded);
      if (master === '' || rest.length > 0) refuse('the path has to be the name of the master, then a database number');
      const sentinelCredentials = sentinelsOwn(options);
      return { kind, hosts, master, database: databaseOf(database), ...access, sentinelCredentials };
    }
    default:
      return kind satisfies never;
  }
}

/** The URL without user, password and options: for people and logs. */
export function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*/s, '');
}

function refuse(reason?: string): never {
  throw new RangeError(REDIS_URL_FORMS + (reason === undefined ? '' : `: ${reason}`));
}

/** @param place names it in an error: its text may be a password, where an "@" was forgotten */
function hostPort(text: string, defaultPort: number, place: string): HostPort {
  const [, host, port = String(defaultPort)] =
    HOST_PORT.exec(text.trim()) ?? refuse(`${place} or its port is malformed`);
  if (Number(port) < 1 || Number(port) > 65_535) refuse(`the port of ${place} is not between 1 and 65535`);
  return { host: host!.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function credentialsOf(user: string | undefined): Credentials | undefined {
  if (user === undefined || user === '') return undefined;
  const colon = user.indexOf(':');
  const username = decoded(colon < 0 ? user : user.slice(0, colon));
  return { username: username || undefined, password: colon < 0 ? '' : decoded(user.slice(colon + 1)) };
}

function sentinelsOwn(options: URLSearchParams): Credentials | undefined {
  const password = options.get('sentinel_password');
  if (password === null) return options.size > 0 ? refuse('sentinel_username needs a sentinel_password') : undefined;
  return { username: options.get('sentinel_username') ?? undefined, password };
}

function databaseOf(text: string): number {
  if (!/^\d{0,5}$/.test(text)) refuse('the database has to be a whole number, such as /0');
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('user, password and master have to be percent-encoded');
  }
}
