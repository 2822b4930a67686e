import { IsString, Matches, ValidateIf } from 'class-validator';

interface Secrets {
  readonly NODE_ENV: string;
  readonly JWT_SECRET?: string;
  readonly JWT_JWKS_URL?: string;
  readonly REDIS_URL?: string;
  readonly REDIS_CLUSTER_NODES?: string;
}

/** The key of tokens. Production needs it, unless an identity provider signs them. */
export function IsTokenSecret(): PropertyDecorator {
  return IsSecret('in production', ({ NODE_ENV, JWT_JWKS_URL }) => NODE_ENV === 'production' && !JWT_JWKS_URL);
}

/** The key of entries in Redis. Production with Redis needs it where the key of tokens, which is used instead, is unset. */
export function IsCacheSecret(): PropertyDecorator {
  return IsSecret('in production: without it, or JWT_SECRET, entries in Redis could be forged', (env) => {
    const hasRedis = env.REDIS_URL !== undefined || env.REDIS_CLUSTER_NODES !== undefined;
    return env.NODE_ENV === 'production' && hasRedis && !env.JWT_SECRET && env.JWT_JWKS_URL !== undefined;
  });
}

/**
 * A key for HMAC-SHA256, as long as its hash (RFC 2104 §3, RFC 7518 §3.2).
 * @param missing completes the sentence "NAME must be set …"
 * @param isMissing whether it has to be set, and is not
 */
function IsSecret(missing: string, isMissing: (env: Secrets) => boolean): PropertyDecorator {
  const rules = [
    IsString({ message: `$property must be set ${missing}` }),
    Matches(/^(?!\s*$).{32,}$/s, { message: '$property must be at least 32 characters long' }),
    ValidateIf((env: Secrets, value) => value !== undefined || isMissing(env)),
  ];
  return (target, name) => rules.forEach((rule) => rule(target, name));
}
