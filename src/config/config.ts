import { randomBytes } from 'node:crypto';
import { CACHE_LAYERS, type CacheLayer, readDuration, readSize, TAG_HEADERS, type TagHeader } from '../caching';
import { Environment } from './environment';

/** The service's settings, read once at start. Durations are milliseconds, sizes bytes. */
export class AppConfig {
  readonly production: boolean;
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Origin that page links start with; undefined: links are paths, right under any host name. */
    readonly publicUrl: string | undefined;
    /** Origins whose pages may read responses. */
    readonly corsOrigins: '*' | 'none' | readonly string[];
  };
  /** `url` undefined: the embedded database in `dataDir`. */
  readonly database: {
    readonly url: string | undefined;
    /** The database itself, where `url` leads to a transaction pooler. */
    readonly directUrl: string | undefined;
    readonly dataDir: string;
  };
  /** `url` undefined: no Redis, so one process. */
  readonly redis: { readonly url: string | undefined };
  /** `generated`: no secret is configured, so start-up prints a token. */
  readonly auth: {
    readonly secret: string;
    readonly generated: boolean;
    /** Where the identity provider has its public keys; undefined: tokens are signed with the secret. */
    readonly jwks: { readonly url: string } | undefined;
    /** What `iss` has to be, if anything. */
    readonly issuer: string | undefined;
    /** One of these `aud` has to be; empty: anything. */
    readonly audience: readonly string[];
    readonly rolesClaim: string;
  };
  readonly cache: {
    readonly layers: readonly CacheLayer[];
    readonly ttl: number;
    readonly grace: number;
    readonly l1MaxBytes: number;
    readonly maxLag: number;
    readonly consistency: Environment['CACHE_CONSISTENCY'];
    readonly prefix: string;
    readonly l2Timeout: number;
  };
  readonly edge: {
    readonly purge: Environment['EDGE_PURGE'];
    readonly url: string | undefined;
    readonly token: string | undefined;
    /** Undefined: as long as is right for that edge. */
    readonly ttl: number | undefined;
    /** Undefined: what that edge reads. */
    readonly tags: readonly TagHeader[] | undefined;
  };
  /** Spans through the API of OpenTelemetry. */
  readonly spans: boolean;
  /** Writes and admin calls a minute for one client; 0 is off. */
  readonly throttleLimit: number;
  /** `url` undefined: the rates shipped with the project. */
  readonly rates: { readonly url: string | undefined };

  /** @param env already validated */
  constructor(env: Environment) {
    this.production = env.NODE_ENV === 'production';
    this.logLevel = env.LOG_LEVEL;
    this.http = {
      host: env.HOST,
      port: Number(env.PORT),
      publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
      corsOrigins: env.CORS_ORIGINS === '*' || env.CORS_ORIGINS === 'none' ? env.CORS_ORIGINS : list(env.CORS_ORIGINS),
    };
    this.database = { url: env.DATABASE_URL, directUrl: env.DATABASE_DIRECT_URL, dataDir: env.DATA_DIR };
    const clusterNodes = list(env.REDIS_CLUSTER_NODES);
    this.redis = { url: clusterNodes.length > 0 ? `redis+cluster://${clusterNodes.join(',')}` : env.REDIS_URL };
    this.auth = {
      secret: env.JWT_SECRET ?? randomBytes(32).toString('base64url'),
      generated: env.JWT_SECRET === undefined,
      jwks: env.JWT_JWKS_URL === undefined ? undefined : { url: env.JWT_JWKS_URL },
      issuer: env.JWT_ISSUER,
      audience: list(env.JWT_AUDIENCE),
      rolesClaim: env.JWT_ROLES_CLAIM,
    };
    this.cache = {
      layers: CACHE_LAYERS.filter((layer) => list(env.CACHE_LAYERS).includes(layer)),
      ttl: duration(env.CACHE_TTL),
      grace: duration(env.CACHE_GRACE),
      l1MaxBytes: readSize(env.CACHE_L1_MAX_BYTES) ?? 0,
      maxLag: duration(env.CACHE_MAX_LAG),
      consistency: env.CACHE_CONSISTENCY,
      prefix: env.CACHE_PREFIX,
      l2Timeout: duration(env.CACHE_L2_TIMEOUT),
    };
    this.edge = {
      purge: env.EDGE_PURGE,
      url: env.EDGE_PURGE_URL,
      token: env.EDGE_PURGE_TOKEN,
      ttl: env.EDGE_TTL === undefined ? undefined : duration(env.EDGE_TTL),
      tags: env.EDGE_TAGS === undefined ? undefined : TAG_HEADERS.filter((name) => list(env.EDGE_TAGS).includes(name)),
    };
    this.spans = env.OTEL_SPANS === 'on';
    this.throttleLimit = Number(env.THROTTLE_LIMIT);
    this.rates = { url: env.RATES_URL };
  }
}

function list(text = ''): string[] {
  return text.split(',').flatMap((item) => item.trim() || []);
}

function duration(text: string): number {
  return readDuration(text) ?? 0;
}
