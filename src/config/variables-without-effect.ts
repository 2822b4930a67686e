/** The names of variables that are set, and not to nothing. */
type Given = ReadonlySet<string>;

/** What is ignored beside which others, and why. */
const IGNORED: readonly { name: string; when: (given: Given, edge: string) => boolean; why: string }[] = [
  {
    name: 'DATABASE_DIRECT_URL',
    when: (given) => !given.has('DATABASE_URL'),
    why: 'DATABASE_URL is not set, so the embedded database is used',
  },
  {
    name: 'REDIS_URL',
    when: (given) => given.has('REDIS_CLUSTER_NODES'),
    why: 'REDIS_CLUSTER_NODES is used in its place',
  },
  {
    name: 'EDGE_PURGE_URL',
    when: (_given, edge) => edge === 'none',
    why: 'EDGE_PURGE is none, so nothing is purged',
  },
  {
    name: 'EDGE_PURGE_TOKEN',
    when: (_given, edge) => edge === 'none' || edge === 'varnish',
    why: 'only fastly and cloudflare for EDGE_PURGE use a token',
  },
];

/** A sentence about each variable that has no effect because of others: who set it expects one. Values are not repeated. */
export function variablesWithoutEffect(source: NodeJS.ProcessEnv): string[] {
  const given = new Set(Object.keys(source).filter((name) => source[name]));
  const edge = source.EDGE_PURGE || 'none';
  return IGNORED.filter(({ name, when }) => given.has(name) && when(given, edge)).map(
    ({ name, why }) => `${name} has no effect: ${why}.`,
  );
}
