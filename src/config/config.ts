import { randomBytes } from 'node:crypto';
import { CACHE_LAYERS, readDuration, readSize, TAG_HEADERS } from '../caching/settings';
import type { Environment } from './environment';
import { socketAsHost } from './postgres-url';

/** The settings as the service uses them: numbers as numbers, durations in milliseconds, sizes in bytes. */
export class AppConfig {
  readonly production: boolean;
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly http: ReturnType<typeof httpOf>;
  readonly database: ReturnType<typeof databaseOf>;
  readonly redis: ReturnType<typeof redisOf>;
  readonly auth: ReturnType<typeof authOf>;
  readonly cache: ReturnType<typeof cacheOf>;
  readonly edge: ReturnType<typeof edgeOf>;
  /** Spans through the API of OpenTelemetry. */
  readonly spans: boolean;
  /** Writes and admin calls of one user in a minute; 0: no limit. */
  readonly throttleLimit: number;
  /** `url` undefined: the rates that ship with the code. */
  readonly rates: { readonly url: string | undefined };

  /** @param env already validated */
  constructor(env: Environment) {
    this.production = env.NODE_ENV === 'production';
    this.logLevel = env.LOG_LEVEL;
    this.http = httpOf(env);
    this.database = databaseOf(env);
    this.redis = redisOf(env);
    this.auth = authOf(env);
    this.cache = cacheOf(env);
    this.edge = edgeOf(env);
    this.spans = env.OTEL_SPANS === 'on';
    this.throttleLimit = Number(env.THROTTLE_LIMIT);
    this.rates = { url: env.RATES_URL };
  }
}

function httpOf(env: Environment) {
  const origins = env.CORS_ORIGINS;
  return {
    host: env.HOST,
    port: Number(env.PORT),
    shutdownGrace: duration(env.SHUTDOWN_GRACE),
    /** Without a slash at its end. */
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    corsOrigins: origins === '*' || origins === 'none' ? origins : list(origins),
  } as const;
}

function databaseOf(env: Environment) {
  return {
    /** Undefined: the embedded database. */
    url: env.DATABASE_URL === undefined ? undefined : socketAsHost(env.DATABASE_URL),
    /** The database itself, where `url` leads to a transaction pooler. */
    directUrl: env.DATABASE_DIRECT_URL === undefined ? undefined : socketAsHost(env.DATABASE_DIRECT_URL),
    dataDir: env.DATA_DIR,
  } as const;
}

/** `url` undefined: no Redis, so one process. */
function redisOf(env: Environment): { readonly url: string | undefined } {
  const nodes = list(env.REDIS_CLUSTER_NODES);
  return { url: nodes.length > 0 ? `redis+cluster://${nodes.join(',')}` : env.REDIS_URL };
}

function authOf(env: Environment) {
  return {
    secret: env.JWT_SECRET ?? randomBytes(32).toString('base64url'),
    /** No secret is configured, so start-up prints a token. */
    generated: env.JWT_SECRET === undefined,
    /** Public keys of the identity provider; undefined: tokens are signed with the secret. */
    jwks: env.JWT_JWKS_URL === undefined ? undefined : { url: env.JWT_JWKS_URL },
    issuer: env.JWT_ISSUER,
    /** `aud` must contain one of these; empty: anything. */
    audience: list(env.JWT_AUDIENCE),
    rolesClaim: env.JWT_ROLES_CLAIM,
  } as const;
}

/** Named as the options of CachingModule. */
function cacheOf(env: Environment) {
  return {
    layers: CACHE_LAYERS.filter((layer) => list(env.CACHE_LAYERS).includes(layer)),
    ttl: duration(env.CACHE_TTL),
    grace: duration(env.CACHE_GRACE),
    l1MaxBytes: readSize(env.CACHE_L1_MAX_BYTES) ?? 0,
    maxLag: duration(env.CACHE_MAX_LAG),
    consistency: env.CACHE_CONSISTENCY,
    prefix: env.CACHE_PREFIX,
    // Not the generated key of tokens, which is another one on each node.
    secret: env.CACHE_SECRET ?? env.JWT_SECRET,
    l2Timeout: duration(env.CACHE_L2_TIMEOUT),
  } as const;
}

/** Named as the options of EdgeModule. */
function edgeOf(env: Environment) {
  return {
    purge: env.EDGE_PURGE,
    url: env.EDGE_PURGE_URL,
    token: env.EDGE_PURGE_TOKEN,
    /** Undefined: the default for that edge. */
    ttl: env.EDGE_TTL === undefined ? undefined : duration(env.EDGE_TTL),
    /** Undefined: the headers that this edge reads. */
    tags: env.EDGE_TAGS === undefined ? undefined : TAG_HEADERS.filter((name) => list(env.EDGE_TAGS).includes(name)),
  } as const;
}

function list(text = ''): readonly string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}

function duration(text: string): number {
  return readDuration(text) ?? 0;
}
