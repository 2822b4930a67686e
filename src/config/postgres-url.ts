const SCHEME = 'a URL that starts with postgres:// or postgresql://';
const FORM = 'a URL such as postgres://user:password@host:5432/name';
const GRAMMAR = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#@]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/s;
const QUERY = /^\w+=[^&]*(&\w+=[^&]*)*$/;

/** What is wrong with a PostgreSQL URL, to complete "DATABASE_URL must be …". It repeats no part of the URL. */
export function postgresUrlProblem(text: string): string | undefined {
  const parts = GRAMMAR.exec(text);
  if (!parts) return SCHEME;
  const reason = reasonOf(text, parts);
  return reason === undefined ? undefined : `${FORM}: ${reason}`;
}

function reasonOf(
  text: string,
  [, , , host = '', path = '', query = '', fragment]: readonly string[],
): string | undefined {
  if (/\s/.test(text)) return 'write white space in it as %20';
  if (/%(?![\da-f]{2})/i.test(text)) return 'write % in the user or password as %25';
  if (!isUtf8(text)) return 'its percent-encoding is not UTF-8';
  const isWhole = URL.canParse(socketAsHost(text));
  // What looks like the end of the host may be a character of the password.
  const isCut =
    fragment !== undefined || path.includes('@') || (query.includes('@') && !(isWhole && QUERY.test(query)));
  if (isCut) return 'write /, ? and # in the user or password as %2F, %3F and %23';
  const named = new URLSearchParams(query).get('host') || host;
  if (named === '') return 'it names no host (a socket is named by ?host=/var/run/postgresql)';
  if (named.includes(',')) return 'it names several hosts, and the driver connects to one';
  return isWhole ? undefined : 'its host or port is malformed';
}

/**
 * libpq's `postgres://user@/name?host=/folder` as `postgres://user@%2Ffolder/name`, which means the same to the driver
 * and is a URL by the standard too. Any other URL stays as it is.
 */
export function socketAsHost(text: string): string {
  const [, scheme = '', user = '', host, path = '', query = ''] = GRAMMAR.exec(text) ?? [];
  const options = new URLSearchParams(query);
  const named = options.get('host');
  if (host !== '' || !named) return text;
  options.delete('host');
  return `${scheme}${user}${encodeURIComponent(named)}${path}${options.size > 0 ? `?${options.toString()}` : ''}`;
}

function isUtf8(text: string): boolean {
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
}
