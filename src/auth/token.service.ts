import { createSecretKey, KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { errors, JWTPayload, JWTVerifyOptions, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { AppConfig } from '../config';
import { Problem } from '../http';
import { userOf } from './claims';
import { KeySet } from './key-set';
import { User } from './user';
import { verifyToken } from './verify-token';

/** Verified tokens that are remembered: each costs a signature and some parsing, at every request of its owner. */
const REMEMBERED = 10_000;
/** By how much the clock of the issuer may be ahead of this one, in seconds: an identity provider may set `nbf` to its now. */
const CLOCK_TOLERANCE = 5;
/** How long a token by the provider's key is, in ms: the key may be withdrawn before the token ends. */
const REMEMBERED_FOR = 5 * 60_000;

const SCHEME = 'Bearer ';
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/**
 * Signs and reads bearer tokens: JWTs with `sub`, `exp` and roles. They are of the identity provider, when its key set is configured
 * (RS256, ES256, EdDSA), or signed with the shared secret (HS256). Each algorithm has its own kind of key, so neither key is
 * ever taken for the other.
 */
@Injectable()
export class TokenService {
  /** By the header as it came: what it says need not be found in it again. */
  private readonly verified: LRUCache<string, User>;
  private readonly secret: KeyObject;
  private readonly options: JWTVerifyOptions;

  constructor(
    @Inject(AppConfig) private readonly config: AppConfig,
    @Inject(KeySet) private readonly keys: KeySet,
  ) {
    const { secret, jwks, issuer, audience } = config.auth;
    this.secret = createSecretKey(secret, 'utf8');
    this.verified = new LRUCache({ max: REMEMBERED, ...(jwks && { ttl: REMEMBERED_FOR }) });
    this.options = {
      requiredClaims: ['sub', 'exp'],
      clockTolerance: CLOCK_TOLERANCE,
      ...(issuer !== undefined && { issuer }),
      ...(audience.length > 0 && { audience: [...audience] }),
    };
  }

  /** @param seconds how long the token is good for */
  sign(user: Omit<User, 'expires'>, seconds: number): Promise<string> {
    const { rolesClaim, issuer, audience } = this.config.auth;
    const token = new SignJWT({ [rolesClaim]: user.roles })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(user.id)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1_000) + seconds);
    if (issuer !== undefined) token.setIssuer(issuer);
    if (audience[0] !== undefined) token.setAudience(audience[0]);
    return token.sign(this.secret);
  }

  /**
   * The user of an `Authorization: Bearer …` header; undefined without one, or with a token that is forged, expired, endless, of
   * another algorithm, issuer or audience, or does not say who it is for.
   * @throws Problem 503 when the keys cannot be fetched: the token may be valid, and a client must
   * not drop it
   */
  async fromHeader(authorization: string | undefined): Promise<User | undefined> {
    const token = bearerToken(authorization);
    if (authorization === undefined || token === undefined) return undefined;
    const remembered = this.remembered(authorization);
    if (remembered) return remembered;
    const verified = await this.verify(token);
    // Any number of spaces may stand before a token: so that no caller decides how much is remembered of theirs.
    if (verified && authorization.length === SCHEME.length + token.length) this.verified.set(authorization, verified);
    return verified;
  }

  /** The user of a header whose token was verified before, and still holds. */
  remembered(authorization: string | undefined): User | undefined {
    return unexpired(authorization === undefined ? undefined : this.verified.get(authorization));
  }

  private async verify(token: string): Promise<User | undefined> {
    const claims = await this.claimsOf(token).catch(refused);
    return claims && unexpired(userOf(claims, this.config.auth.rolesClaim));
  }

  private async claimsOf(token: string): Promise<JWTPayload | undefined> {
    const { jwks, generated } = this.config.auth;
    const takesSecret = !jwks || !generated;
    const algorithms = [...(takesSecret ? ['HS256'] : []), ...(jwks ? PUBLIC_KEY_ALGORITHMS : [])];
    const options = { ...this.options, algorithms };
    const { payload, protectedHeader } = await verifyToken(
      token,
      (header, jws) => (header.alg === 'HS256' ? this.secret : this.keys.find(header, jws)),
      options,
    );
    // RFC 7515 §4.1.11: no extension has a meaning here, not even the one that the library knows (b64).
    return protectedHeader.crit === undefined ? payload : undefined;
  }
}

/** The token is good to its very end, where the library would add the tolerance to that, too. */
function unexpired(user: User | undefined): User | undefined {
  return user !== undefined && Date.now() < user.expires * 1_000 ? user : undefined;
}

/** Undefined for a token that the library finds fault with; any other error is about the keys. */
function refused(error: unknown): undefined {
  if (error instanceof errors.JOSEError) return undefined;
  throw new Problem(503, 'The identity provider does not respond. Please try again in a moment.', {
    headers: { 'retry-after': '5' },
    cause: error,
  });
}

/** RFC 6750 §2.1. */
export function bearerToken(authorization = ''): string | undefined {
  return /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
}
