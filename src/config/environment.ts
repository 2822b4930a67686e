import { IsIn, IsIP, IsNotEmpty, IsOptional, IsString, Matches, ValidateIf } from 'class-validator';
import { CACHE_LAYERS, EDGE_KINDS, type EdgeKind, TAG_HEADERS } from '../caching';
import {
  IsDuration,
  IsHostList,
  IsListOf,
  IsOriginList,
  IsRedisUrl,
  IsSize,
  IsUrlOf,
  IsUrlWithoutCredentials,
  IsWholeNumber,
} from './rules';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const NEEDS_URL: readonly string[] = EDGE_KINDS.filter((kind) => kind !== 'none');

/** The environment as it is written, with the rule of each variable. README's table says what each one means. */
export class Environment {
  @IsIn(['development', 'production', 'test'])
  NODE_ENV: 'development' | 'production' | 'test' = 'development';

  @IsIn(LOG_LEVELS)
  LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'info';

  @IsWholeNumber(0, 65_535)
  PORT = '3000';

  @ValidateIf((env: Environment) => env.HOST !== 'localhost')
  @IsIP(undefined, { message: '$property must be an IP address to listen on, or localhost' })
  HOST = '127.0.0.1';

  @IsOptional()
  @IsUrlOf('http', 'https')
  PUBLIC_URL?: string;

  @IsOriginList()
  CORS_ORIGINS = '*';

  @IsOptional()
  @IsUrlOf('postgres', 'postgresql')
  DATABASE_URL?: string;

  @IsOptional()
  @IsUrlOf('postgres', 'postgresql')
  DATABASE_DIRECT_URL?: string;

  @IsNotEmpty()
  DATA_DIR = '.data';

  @IsOptional()
  @IsRedisUrl()
  REDIS_URL?: string;

  @IsOptional()
  @IsHostList()
  REDIS_CLUSTER_NODES?: string;

  @ValidateIf(
    (env: Environment) =>
      env.JWT_SECRET !== undefined || (env.NODE_ENV === 'production' && env.JWT_JWKS_URL === undefined),
  )
  @Matches(/^(?!\s*$).{32,}$/, { message: '$property must be at least 32 characters long (RFC 7518 §3.2)' })
  @IsString({ message: '$property must be set in production' })
  JWT_SECRET?: string;

  @IsOptional()
  @IsUrlWithoutCredentials()
  @IsUrlOf('http', 'https')
  JWT_JWKS_URL?: string;

  @IsOptional()
  @IsNotEmpty()
  JWT_ISSUER?: string;

  @IsOptional()
  @IsNotEmpty()
  JWT_AUDIENCE?: string;

  @Matches(/^[^\s]{1,200}$/, { message: '$property must be the name or path of a claim, such as realm_access.roles' })
  JWT_ROLES_CLAIM = 'roles';

  @IsListOf(CACHE_LAYERS)
  CACHE_LAYERS = 'view,query';

  @IsDuration(1)
  CACHE_TTL = '5m';

  @IsDuration(0)
  CACHE_GRACE = '1h';

  @IsSize(1024)
  CACHE_L1_MAX_BYTES = '64mb';

  @IsDuration(1)
  CACHE_MAX_LAG = '1s';

  @IsIn(['bounded', 'strict'])
  CACHE_CONSISTENCY: 'bounded' | 'strict' = 'bounded';

  @Matches(/^[\w.-]{1,64}$/, { message: '$property must be 1 to 64 letters, digits, dots, dashes or underscores' })
  CACHE_PREFIX = 'strata';

  @IsDuration(1)
  CACHE_L2_TIMEOUT = '100ms';

  @IsIn(EDGE_KINDS)
  EDGE_PURGE: EdgeKind = 'none';

  @ValidateIf((env: Environment) => NEEDS_URL.includes(env.EDGE_PURGE) || env.EDGE_PURGE_URL !== undefined)
  @IsUrlWithoutCredentials()
  @IsUrlOf('http', 'https')
  EDGE_PURGE_URL?: string;

  @ValidateIf((env: Environment) => env.EDGE_PURGE === 'fastly' || env.EDGE_PURGE === 'cloudflare')
  @IsString({ message: '$property must be set for this EDGE_PURGE' })
  EDGE_PURGE_TOKEN?: string;

  @IsOptional()
  @IsDuration(0)
  EDGE_TTL?: string;

  @IsOptional()
  @IsListOf(TAG_HEADERS)
  EDGE_TAGS?: string;

  @IsWholeNumber(0, 1_000_000)
  THROTTLE_LIMIT = '100';

  @IsIn(['on', 'off'])
  OTEL_SPANS: 'on' | 'off' = 'off';

  @IsOptional()
  @IsUrlWithoutCredentials()
  @IsUrlOf('http', 'https')
  RATES_URL?: string;
}
