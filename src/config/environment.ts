import { IsIn, IsIP, IsOptional, IsString, Matches, ValidateIf } from 'class-validator';
import { CACHE_LAYERS, EDGE_KINDS, type EdgeKind, TAG_HEADERS } from '../caching/settings';
import {
  IsBaseUrl,
  IsDuration,
  IsHostList,
  IsList,
  IsListOf,
  IsNotBlank,
  IsOriginList,
  IsPostgresUrl,
  IsRedisUrl,
  IsSize,
  IsUrlOf,
  IsUrlWithoutCredentials,
  IsWholeNumber,
} from './rules';
import { IsCacheSecret, IsTokenSecret } from './secrets';
import { Setting } from './setting';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const NEEDS_URL: readonly string[] = EDGE_KINDS.filter((kind) => kind !== 'none');

/** The environment as it is written: the one declaration of each variable, with its meaning, rule and default. */
export class Environment {
  @Setting('`production` writes the log as JSON, prints nothing else, and requires `JWT_SECRET` or `JWT_JWKS_URL`.', {
    example: 'production',
    heading: 'The process',
  })
  @IsIn(['development', 'production', 'test'])
  NODE_ENV: 'development' | 'production' | 'test' = 'development';

  @Setting('`debug` also logs every read. `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.')
  @IsIn(LOG_LEVELS)
  LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'info';

  @Setting('The port to listen on; 0 takes a free one.')
  @IsWholeNumber(0, 65_535)
  PORT = '3000';

  @Setting('The address to listen on.')
  @ValidateIf((env: Environment) => env.HOST !== 'localhost')
  @IsIP(undefined, { message: '$property must be an IP address to listen on, or localhost' })
  HOST = '127.0.0.1';

  @Setting(
    'After SIGTERM the service takes requests for this long, so that proxies can notice: `/health/ready` returns 503, and each response closes its connection.',
    { example: '4s' },
  )
  @IsDuration(0)
  SHUTDOWN_GRACE = '0s';

  @Setting('What links to pages and `Location` start with. Unset: they are paths.', { example: 'https://shop.example' })
  @IsOptional()
  @IsBaseUrl()
  PUBLIC_URL?: string;

  @Setting('Origins whose pages may call the API: `*` for all, `none`, or `https://shop.example,…`.', {
    example: 'https://shop.example',
  })
  @IsOriginList()
  CORS_ORIGINS = '*';

  @Setting('A PostgreSQL server, version 15 or later. Unset: an embedded PostgreSQL.', {
    example: 'postgres://postgres@127.0.0.1:5432/strata',
    heading: 'The database',
  })
  @IsOptional()
  @IsPostgresUrl()
  DATABASE_URL?: string;

  @Setting('The database itself, where `DATABASE_URL` leads to a pooler in transaction mode (PgBouncer).', {
    example: 'postgres://postgres@127.0.0.1:5432/strata',
  })
  @IsOptional()
  @IsPostgresUrl()
  DATABASE_DIRECT_URL?: string;

  @Setting('The folder of the embedded database. One process at a time can use it.')
  @IsNotBlank()
  DATA_DIR = '.data';

  @Setting(
    'Redis or Valkey, for several nodes: a server, a Cluster or Sentinels, with or without TLS. [docs/redis.md](redis.md) lists the forms of the URL.',
    { example: 'redis://127.0.0.1:6379', heading: 'Redis' },
  )
  @IsOptional()
  @IsRedisUrl()
  REDIS_URL?: string;

  @Setting('`host:port,…`: the same as `redis+cluster://host:port,…` in `REDIS_URL`.', {
    example: '127.0.0.1:7000,127.0.0.1:7001',
  })
  @IsOptional()
  @IsHostList()
  REDIS_CLUSTER_NODES?: string;

  @Setting(
    'The key of HS256 tokens, at least 32 characters. Unset: a new key at each start, and a token for it is printed. Production refuses to start without it or `JWT_JWKS_URL`.',
    { heading: 'Tokens' },
  )
  @IsTokenSecret()
  JWT_SECRET?: string;

  @Setting(
    'Public keys of an identity provider. Its tokens are then accepted (RS256, ES256, EdDSA, by `kid`), and HS256 only if `JWT_SECRET` is set.',
    { example: 'https://id.example/.well-known/jwks.json' },
  )
  @IsOptional()
  @IsUrlWithoutCredentials()
  @IsUrlOf('http', 'https')
  JWT_JWKS_URL?: string;

  @Setting('What `iss` of a token must be. Unset: anything.', { example: 'https://id.example/' })
  @IsOptional()
  @IsNotBlank()
  JWT_ISSUER?: string;

  @Setting('A comma list; `aud` of a token must contain one of its items. Unset: anything.', { example: 'strata' })
  @IsOptional()
  @IsList()
  JWT_AUDIENCE?: string;

  @Setting('The claim that holds the roles: a name, or a path such as `realm_access.roles`.', {
    example: 'realm_access.roles',
  })
  @Matches(/^[^\s]{1,200}$/, { message: '$property must be the name or path of a claim, such as realm_access.roles' })
  JWT_ROLES_CLAIM = 'roles';

  @Setting('The read layers that are on: a comma list, or `none`.', { heading: 'The cache' })
  @IsListOf(CACHE_LAYERS)
  CACHE_LAYERS = 'view,query';

  @Setting('How long a value is fresh.')
  @IsDuration(1)
  CACHE_TTL = '5m';

  @Setting('How long a value is stored past its TTL, to be served if its source fails. 0: never.')
  @IsDuration(0)
  CACHE_GRACE = '1h';

  @Setting('Memory of the in-process tier.')
  @IsSize(1024)
  CACHE_L1_MAX_BYTES = '64mb';

  @Setting('How long an in-process entry is served without proof that this node knows of every write.')
  @IsDuration(1)
  CACHE_MAX_LAG = '1s';

  @Setting(
    '`bounded`: a read may be up to `CACHE_MAX_LAG` behind a write on another node. `strict`: every hit queries the clock.',
  )
  @IsIn(['bounded', 'strict'])
  CACHE_CONSISTENCY: 'bounded' | 'strict' = 'bounded';

  @Setting('Prefix of every Redis key. One database, one prefix.')
  @Matches(/^[\w.-]{1,64}$/, { message: '$property must be 1 to 64 letters, digits, dots, dashes or underscores' })
  CACHE_PREFIX = 'strata';

  @Setting('Signs entries in Redis; at least 32 characters. Unset: `JWT_SECRET`. Production with Redis needs either.')
  @IsCacheSecret()
  CACHE_SECRET?: string;

  @Setting('Deadline of one call to Redis.')
  @IsDuration(1)
  CACHE_L2_TIMEOUT = '100ms';

  @Setting(
    'The shared cache that every write purges: `none`, `varnish`, `fastly` or `cloudflare`. nginx is not purged.',
    { example: 'varnish', heading: 'Shared caches in front' },
  )
  @IsIn(EDGE_KINDS)
  EDGE_PURGE: EdgeKind = 'none';

  @Setting(
    'Where to purge: the address of Varnish, `https://api.fastly.com/service/ID`, or `https://api.cloudflare.com/client/v4/zones/ID`.',
    { example: 'http://127.0.0.1:6081' },
  )
  @ValidateIf((env: Environment) => NEEDS_URL.includes(env.EDGE_PURGE) || env.EDGE_PURGE_URL !== undefined)
  @IsUrlWithoutCredentials()
  @IsUrlOf('http', 'https')
  EDGE_PURGE_URL?: string;

  @Setting('The API token for Fastly or Cloudflare.')
  @ValidateIf((env: Environment) => env.EDGE_PURGE === 'fastly' || env.EDGE_PURGE === 'cloudflare')
  @IsNotBlank()
  @IsString({ message: '$property must be set for this EDGE_PURGE' })
  EDGE_PURGE_TOKEN?: string;

  @Setting('How long a shared cache may store a response. Unset: `1s` without purges, `5m` with them. 0: not at all.', {
    example: '5m',
  })
  @IsOptional()
  @IsDuration(0)
  EDGE_TTL?: string;

  @Setting(
    'Headers that carry tags: `none`, or any of `cache-tag`, `surrogate-key`, `xkey`, `cache-groups`. Unset: those that the shared cache reads.',
    { example: 'xkey' },
  )
  @IsOptional()
  @IsListOf(TAG_HEADERS)
  EDGE_TAGS?: string;

  @Setting('Writes and admin calls of one user in a minute; 0: no limit.', { heading: 'Everything else' })
  @IsWholeNumber(0, 1_000_000)
  THROTTLE_LIMIT = '100';

  @Setting('`on`: spans through the API of OpenTelemetry. They need an SDK: `node -r ./tracing.js dist/main.js`.', {
    example: 'on',
  })
  @IsIn(['on', 'off'])
  OTEL_SPANS: 'on' | 'off' = 'off';

  @Setting(
    'Exchange rates: `{"base": "EUR", "date": "2026-11-20", "rates": {"USD": 1.16}}`. Unset: a small table that ships with the code.',
    { example: 'https://api.frankfurter.dev/v1/latest' },
  )
  @IsOptional()
  @IsUrlWithoutCredentials()
  @IsUrlOf('http', 'https')
  RATES_URL?: string;
}
