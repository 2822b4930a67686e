import { Client } from 'pg';

/** A database URL, and the variable that sets it. */
export interface NamedUrl {
  readonly variable: 'DATABASE_URL' | 'DATABASE_DIRECT_URL';
  readonly url: string;
}

/** What a URL names, without the password. */
interface Target {
  readonly variable: string;
  readonly place: string;
  readonly role: string;
  readonly database: string;
}

/** What to change, by what an error's code or message contains. The first that fits counts. */
const REMEDIES: readonly (readonly [pattern: RegExp, remedy: (target: Target) => string])[] = [
  [
    /no encryption$|SSL (connection is )?required|connection is insecure/i,
    ({ variable }) =>
      `The server takes no unencrypted connection from here: add ?sslmode=verify-full to ${variable} ` +
      '(docs/operating.md, TLS).',
  ],
  [/valid client certificate/, ({ variable }) => `Name it with sslcert and sslkey in ${variable}.`],
  [/pg_hba\.conf/, ({ variable }) => `Correct ${variable}, or let this host in with a line in that file.`],
  [/not support SSL/, ({ variable }) => `Remove sslmode from ${variable}, or turn TLS on in the server.`],
  [/ALTNAME/, ({ variable }) => `Use a host in ${variable} that the certificate names.`],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, () => "Renew the server's certificate."],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/,
    ({ variable }) =>
      `Name the authority that signed it: sslrootcert=/path/to/ca.pem in ${variable}, or NODE_EXTRA_CA_CERTS ` +
      '(docs/operating.md, TLS).',
  ],
  [/^28|client password must be/, ({ variable }) => `Check the user and the password in ${variable}.`],
  [/^3D000/, ({ variable }) => `Create it (createdb), or correct the name in ${variable}.`],
  [
    /^42501/,
    ({ role, database }) =>
      `The migrations create tables, triggers and the extension pg_trgm. As the owner, run ` +
      `GRANT CREATE ON SCHEMA public TO ${quoted(role)} and GRANT CREATE ON DATABASE ${quoted(database)} ` +
      `TO ${quoted(role)}, or run the migrations as the owner first: npm run migration:run.`,
  ],
  [
    /^57P0[125]|^Connection terminated|ECONNRESET|EPIPE/,
    () => 'The session was ended: start again; the migrations that are finished stay.',
  ],
  [/^53300/, () => 'Raise max_connections, or end other clients.'],
  [/^ENOENT.* open /, ({ variable }) => `Correct the path of that file in ${variable}.`],
  [
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|ENOENT|^57P03/,
    ({ variable }) => `Start the server, or correct host and port in ${variable}.`,
  ],
];

/**
 * A sentence on why a PostgreSQL server cannot be used, and what to change. It repeats no password.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function startFault(named: NamedUrl, error: unknown): Error {
  const target = targetOf(named);
  const { code = '', message } = error as NodeJS.ErrnoException;
  const reason = (message || code).replace(/[.\s]+$/, '');
  const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(message) || pattern.test(code)) ?? [];
  const text = `The database at ${target.place} cannot be used: ${reason}. ${remedy?.(target) ?? ''}`;
  return new Error(text.trim(), { cause: error });
}

/** As the driver reads the URL: what it leaves out comes from the environment. */
function targetOf({ variable, url }: NamedUrl): Target {
  const bare = new URL(url);
  for (const name of [...bare.searchParams.keys()]) {
    if (!['host', 'port', 'user'].includes(name)) bare.searchParams.delete(name);
  }
  // Else the driver would read certificates here too, and could fail.
  bare.searchParams.append('sslmode', 'disable');
  bare.searchParams.append('sslnegotiation', 'postgres');
  const { host, port, user = '', database = '' } = new Client({ connectionString: bare.href });
  const name = host.includes(':') ? `[${host}]` : host;
  return { variable, place: `${name}:${port}/${database}`, role: user, database };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
