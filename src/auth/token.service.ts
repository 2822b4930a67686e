import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '../config';
import { User } from './user';

/** Longest `sub`: the watchlist's user column holds as much. */
export const MAX_SUBJECT = 200;

/** Signs and reads bearer tokens: JWT, HS256 alone, with the claims `sub` and `roles`. */
@Injectable()
export class TokenService {
  constructor(
    @Inject(JwtService) private readonly jwt: JwtService,
    @Inject(AppConfig) private readonly config: AppConfig,
  ) {}

  /** @param seconds how long the token is good for */
  sign(user: User, seconds: number): string {
    return this.jwt.sign(
      { sub: user.id, roles: user.roles },
      { secret: this.config.auth.secret, algorithm: 'HS256', expiresIn: seconds },
    );
  }

  /** Undefined where the token is forged, expired, of another algorithm, or does not say who it is for. */
  async read(token: string): Promise<User | undefined> {
    try {
      const claims: unknown = await this.jwt.verifyAsync(token, {
        secret: this.config.auth.secret,
        algorithms: ['HS256'],
      });
      return toUser(claims);
    } catch {
      return undefined;
    }
  }
}

function toUser(claims: unknown): User | undefined {
  if (typeof claims !== 'object' || claims === null) return undefined;
  const { sub, roles = [] } = claims as { sub?: unknown; roles?: unknown };
  // A NUL cannot be stored by PostgreSQL, and nobody has one in their name.
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT || sub.includes('\0')) return undefined;
  if (!Array.isArray(roles) || !roles.every((role): role is string => typeof role === 'string')) return undefined;
  return { id: sub, roles };
}
