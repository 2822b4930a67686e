import { createSecretKey, KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import { AppConfig } from '../config';
import { User } from './user';

/** Longest `sub`: the watchlist's user column holds as much. */
const MAX_SUBJECT = 200;

/** Verified tokens that are remembered: each costs an HMAC and some parsing, at every request of its owner. */
const REMEMBERED = 10_000;

const SCHEME = 'Bearer ';

/** A KeyObject, because from a text the library tries to make a public key first, at each verification. */
export function signingKey(config: AppConfig): KeyObject {
  return createSecretKey(config.auth.secret, 'utf8');
}

/** Signs and reads bearer tokens: JWT, HS256 alone, with the claims `sub` and `roles`. */
@Injectable()
export class TokenService {
  /** By the header as it came: what it says need not be found in it again. */
  private readonly verified = new LRUCache<string, User>({ max: REMEMBERED });

  /** @param jwt knows the key: see `signingKey` */
  constructor(@Inject(JwtService) private readonly jwt: JwtService) {}

  /** @param seconds how long the token is good for */
  sign(user: User, seconds: number): string {
    return this.jwt.sign({ sub: user.id, roles: user.roles }, { algorithm: 'HS256', expiresIn: seconds });
  }

  /**
   * The user of an `Authorization: Bearer …` header; undefined without one, or with a token that is forged, expired, of
   * another algorithm, or does not say who it is for.
   */
  async fromHeader(authorization: string | undefined): Promise<User | undefined> {
    const token = bearerToken(authorization);
    if (authorization === undefined || token === undefined) return undefined;
    if (this.verified.has(authorization)) return this.remembered(authorization);
    const verified = await this.verify(token);
    // Any number of spaces may stand before a token: so that no caller decides how much is remembered of theirs.
    if (verified && authorization.length === SCHEME.length + token.length) this.verified.set(authorization, verified);
    return verified;
  }

  /** The user of a header whose token was verified before, and still holds. */
  remembered(authorization: string | undefined): User | undefined {
    const user = authorization === undefined ? undefined : this.verified.get(authorization);
    return user?.expires === undefined || Date.now() < user.expires * 1_000 ? user : undefined;
  }

  private async verify(token: string): Promise<User | undefined> {
    try {
      return toUser(await this.jwt.verifyAsync<object>(token, { algorithms: ['HS256'] }));
    } catch {
      return undefined;
    }
  }
}

/** RFC 6750 §2.1. */
export function bearerToken(authorization = ''): string | undefined {
  return /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
}

function toUser(claims: unknown): User | undefined {
  if (typeof claims !== 'object' || claims === null) return undefined;
  // The library has checked that `exp`, if it is there, is a number, and still to come.
  const { sub, roles = [], exp } = claims as { sub?: unknown; roles?: unknown; exp?: number };
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT) return undefined;
  // What PostgreSQL cannot store as it is, nobody has in their name.
  if (sub.includes('\0') || !sub.isWellFormed()) return undefined;
  if (!Array.isArray(roles) || !roles.every((role): role is string => typeof role === 'string')) return undefined;
  return { id: sub, roles, expires: exp };
}
