/** One member of a Cache-Status list (RFC 9211): a cache's name and what it says. */
export interface CacheStatusMember {
  cache: string;
  parameters: Record<string, string | number | true>;
}

const TOKEN = /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*/;
const STRING = /^"((?:[ !#-[\]-~]|\\["\\])*)"/;
const KEY = /^[a-z*][\w.*-]*/;
const INTEGER = /^-?\d{1,15}(?![\d.])/;
const KINDS: Record<string, 'token' | 'boolean' | 'integer' | 'text'> = {
  hit: 'boolean',
  fwd: 'token',
  'fwd-status': 'integer',
  ttl: 'integer',
  stored: 'boolean',
  collapsed: 'boolean',
  key: 'text',
  detail: 'text',
};
const FORWARDED = ['bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial'];

/** Strict: whatever RFC 8941 or RFC 9211 does not allow throws. */
export function parseCacheStatus(header: string): CacheStatusMember[] {
  let rest = header;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const match = pattern.exec(rest) ?? undefined;
    if (match) rest = rest.slice(match[0].length);
    return match;
  };
  const name = (): string | undefined => take(STRING)?.[1] ?? take(TOKEN)?.[0];
  const fail = (why: string): never => {
    throw new SyntaxError(`Cache-Status "${header}": ${why} before "${rest}"`);
  };

  const members: CacheStatusMember[] = [];
  do {
    const cache = name() ?? fail('no name of a cache');
    const parameters: CacheStatusMember['parameters'] = {};
    while (take(/^; */)) {
      const key = take(KEY)?.[0] ?? fail('no parameter');
      const kind = KINDS[key] ?? fail(`unknown parameter ${key}`);
      if (key in parameters) fail(`${key} twice`);
      if (!take(/^=/)) parameters[key] = kind === 'boolean' ? true : fail(`${key} without a value`);
      else if (kind === 'integer') parameters[key] = Number(take(INTEGER)?.[0] ?? fail('no integer'));
      else parameters[key] = (kind === 'text' ? name() : take(TOKEN)?.[0]) ?? fail(`no ${kind}`);
    }
    const { hit, fwd, stored, collapsed } = parameters;
    if (hit && fwd !== undefined) fail('hit and fwd exclude each other');
    if ((stored || collapsed) && fwd === undefined) fail('stored and collapsed go with fwd');
    if (fwd !== undefined && !FORWARDED.includes(String(fwd))) fail(`unknown reason ${fwd}`);
    members.push({ cache, parameters });
  } while (take(/^[ \t]*,[ \t]*/));
  if (rest !== '') fail('something left');
  return members;
}
