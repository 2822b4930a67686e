/** The database and role of a URL, without the password. */
interface Target {
  readonly place: string;
  readonly role: string;
}

/**
 * A sentence on why a PostgreSQL server cannot be used, and what to change. It repeats no password.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function startFault(url: string, error: unknown): Error {
  const { host, pathname, username } = new URL(url);
  const target = { place: `${host}${pathname}`, role: decodeURIComponent(username) || 'the role' };
  const { code = '', message } = error as NodeJS.ErrnoException;
  const reason = (message || code).replace(/[.\s]+$/, '');
  return new Error(`The database at ${target.place} cannot be used: ${reason}. ${remedy(code, target)}`.trim(), {
    cause: error,
  });
}

function remedy(code: string, { place, role }: Target): string {
  switch (code) {
    case '28P01':
    case '28000':
      return 'Check the user and the password in DATABASE_URL.';
    case '3D000':
      return `Create it (createdb), or correct the name in DATABASE_URL.`;
    case '42501':
      return (
        `The migrations create tables, triggers and the extension pg_trgm. As the owner, run ` +
        `GRANT CREATE ON SCHEMA public TO "${role}" and GRANT CREATE ON DATABASE "${place.split('/')[1]}" TO "${role}", ` +
        `or run the migrations as the owner first: npm run migration:run.`
      );
    case '53300':
      return 'Raise max_connections, or end other clients.';
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
    case '57P03':
      return 'Start the server, or correct host and port in DATABASE_URL.';
    default:
      return '';
  }
}
