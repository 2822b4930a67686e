import { ConfigError, loadConfig, unknownVariables } from '../../src/config';
import { anyDatabase } from '../support/backends';
import { runStrata, startStrata } from '../support/strata-process';

/** Each variable with values it must refuse and one it must take. */
const VARIABLES: [name: string, wrong: string[], right: string][] = [
  ['NODE_ENV', ['prod'], 'test'],
  ['LOG_LEVEL', ['loud'], 'debug'],
  ['PORT', ['-1', '65536', '80a', '3.5'], '8080'],
  ['SHUTDOWN_GRACE', ['soon', '-1s'], '4s'],
  ['HOST', ['not a host', 'example.com'], '0.0.0.0'],
  [
    'PUBLIC_URL',
    [
      'shop.example',
      'ftp://x',
      'https://shop.example/?a=1',
      'https://shop.example#a',
      'https://u:hunter2@shop.example',
    ],
    'https://shop.example/v1',
  ],
  ['CORS_ORIGINS', ['shop.example', 'https://shop.example/', 'https://a.example, *'], 'https://a.example, http://b:81'],
  [
    'DATABASE_URL',
    ['mysql://root:hunter2@h/db', 'postgres', 'postgres://u:hunter2%zz@h/db'],
    'postgres://u:p@db:5432/shop',
  ],
  ['DATABASE_DIRECT_URL', ['redis://:hunter2@h', 'h:5432'], 'postgresql://u:p@db/shop'],
  ['DATA_DIR', [' '], '.data'],
  [
    'REDIS_URL',
    ['http://h', '127.0.0.1:6379', 'redis://:hunter2@h/x', 'redis+sentinel://h'],
    'rediss+cluster://u:p@a:1,b:2',
  ],
  ['REDIS_CLUSTER_NODES', ['one', 'a:b'], 'a:7000, b:7001'],
  ['JWT_SECRET', ['short', ' '.repeat(40)], 'x'.repeat(32)],
  ['JWT_JWKS_URL', ['keys', 'http://me:hunter2@127.0.0.1/keys'], 'https://id.example/jwks.json'],
  ['JWT_ISSUER', [' '], 'https://id.example/'],
  ['JWT_AUDIENCE', [',', ' ', ' , '], 'strata, shop'],
  ['JWT_ROLES_CLAIM', ['two words'], 'realm_access.roles'],
  ['CACHE_LAYERS', ['all', 'view,', 'none,view'], 'none'],
  ['CACHE_TTL', ['soon', '0', '-5m', '5 fortnights'], '30s'],
  ['CACHE_GRACE', ['long'], '0'],
  ['CACHE_L1_MAX_BYTES', ['much', '10'], '1gb'],
  ['CACHE_MAX_LAG', ['0', 'x'], '250ms'],
  ['CACHE_CONSISTENCY', ['eventual'], 'strict'],
  ['CACHE_PREFIX', ['has space', 'x'.repeat(65)], 'shop-1'],
  ['CACHE_SECRET', ['short', ' '.repeat(40)], 'x'.repeat(32)],
  ['CACHE_L2_TIMEOUT', ['0'], '50'],
  ['EDGE_PURGE', ['akamai'], 'none'],
  ['OTEL_SPANS', ['yes'], 'on'],
  ['EDGE_PURGE_URL', ['varnish:80', 'http://me:hunter2@127.0.0.1'], 'http://127.0.0.1:8080'],
  ['EDGE_TTL', ['long', '-1s'], '2m'],
  ['EDGE_TAGS', ['etag', 'xkey,'], 'xkey,cache-groups'],
  ['THROTTLE_LIMIT', ['-1', 'some'], '0'],
  ['RATES_URL', ['rates', 'http://me:hunter2@127.0.0.1/latest'], 'http://127.0.0.1:9/latest'],
];

function problems(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

it.each(VARIABLES)('%s: refuses what it cannot use, by name and without repeating it', (name, wrong, right) => {
  for (const value of wrong) {
    const found = problems({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${name} must `));
    expect(found[0]).not.toContain('hunter2');
  }
  expect(problems({ [name]: right })).toEqual([]);
});

it('a line break at the end of a value, as a secret made from a file has, does not count', () => {
  const { auth, database, http } = loadConfig({
    JWT_SECRET: `${'x'.repeat(44)}\n`,
    DATABASE_URL: 'postgres://u:p@h/db\r\n',
    PORT: '8080\n',
    JWT_ISSUER: '\n',
  });
  expect(auth).toMatchObject({ secret: 'x'.repeat(44), issuer: undefined });
  expect([database.url, http.port]).toEqual(['postgres://u:p@h/db', 8080]);
});

it('takes the defaults of the contract, and empty variables for unset ones', () => {
  const config = loadConfig({ DATABASE_URL: '', JWT_SECRET: '' });
  expect(config).toMatchObject({
    production: false,
    http: { host: '127.0.0.1', port: 3000, shutdownGrace: 0, publicUrl: undefined, corsOrigins: '*' },
    database: { url: undefined, dataDir: '.data' },
    redis: { url: undefined },
    cache: {
      layers: ['view', 'query'],
      ttl: 300_000,
      grace: 3_600_000,
      l1MaxBytes: 64 * 1024 * 1024,
      maxLag: 1_000,
      consistency: 'bounded',
      prefix: 'strata',
      l2Timeout: 100,
    },
    edge: { purge: 'none' },
    throttleLimit: 100,
  });
  expect(config.auth.generated).toBe(true);
  expect(config.auth.secret).not.toBe(loadConfig({}).auth.secret);
});

it('a URL that starts as it must and is malformed is named as that', () => {
  for (const name of ['PUBLIC_URL', 'JWT_JWKS_URL', 'RATES_URL', 'EDGE_PURGE_URL']) {
    for (const url of ['https://h:99999/', 'https://h/%zz', 'https://two words/']) {
      expect(problems({ [name]: url })).toEqual([
        `${name} must be a whole URL: its host, its port or its percent-encoding is malformed`,
      ]);
    }
  }
});

it('an edge to purge needs to be found, and a hosted one its token', () => {
  expect(problems({ EDGE_PURGE: 'varnish' })).toEqual([expect.stringMatching(/^EDGE_PURGE_URL /)]);
  expect(problems({ EDGE_PURGE: 'fastly', EDGE_PURGE_URL: 'https://api.fastly.com' })).toEqual([
    expect.stringMatching(/^EDGE_PURGE_TOKEN /),
  ]);
});

it('the service names every wrong variable in one message and ends with 1', async () => {
  const { code, output } = await runStrata('main.js', [], {
    PORT: 'eighty',
    CACHE_TTL: 'soon',
    DATABASE_URL: 'mysql://root:hunter2@localhost/shop',
  });
  expect(code).toBe(1);
  for (const name of ['PORT', 'CACHE_TTL', 'DATABASE_URL']) expect(output).toContain(`- ${name} must`);
  expect(output).not.toContain('hunter2');
  expect(output).not.toMatch(/^\s+at /m);
});

it.each([
  ['CACHE_TLL', 'Did you mean CACHE_TTL?'],
  ['CACHE_COLOUR', 'docs/settings.md lists all variables.'],
  ['EDGE_PURGE_TOKNE', 'Did you mean EDGE_PURGE_TOKEN?'],
  ['DATABSE_URL', 'Did you mean DATABASE_URL?'],
  ['JWT_SECRETS', 'Did you mean JWT_SECRET?'],
])('the unknown variable %s is named, without its value: %s', (name, hint) => {
  expect(unknownVariables({ [name]: 'hunter2' })).toEqual([
    `${name} is not a variable of Strata and is ignored. ${hint}`,
  ]);
});

it('no known variable is taken for an unknown one, and none of other programs', () => {
  const known = VARIABLES.map(([name]) => name);
  const others = [
    'PATH',
    'HOME',
    'PWD',
    'NODE_OPTIONS',
    'NODE_PATH',
    'LOGNAME',
    'XDG_CACHE_HOME',
    'PGHOST',
    'REDIS_HOST',
  ];
  const kubernetes = ['REDIS_PORT', 'REDIS_SERVICE_HOST', 'REDIS_PORT_6379_TCP', 'POSTGRES_PORT', 'KUBERNETES_PORT'];
  const all = [...known, ...others, ...kubernetes];
  expect(unknownVariables(Object.fromEntries(all.map((name) => [name, '1'])))).toEqual([]);
});

it('the service names an unknown variable when it starts', async () => {
  const backend = await anyDatabase(10_000);
  const service = await startStrata({ ...backend.env, CACHE_TLL: '5m' });
  expect(service.output()).toContain('Did you mean CACHE_TTL?');
  await service.stop();
  await backend.dispose();
});
