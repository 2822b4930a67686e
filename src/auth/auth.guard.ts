import { CanActivate, ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FastifyRequest } from 'fastify';
import { Problem } from '../http';
import { Access, ACCESS } from './auth.decorators';
import { bearerToken, TokenService } from './token.service';

/** Lets a request in as its route's `@SignedIn()` or `@RequiresRole()` asks. A route without either is public. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(TokenService) private readonly tokens: TokenService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!access) return true;

    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) throw unauthorized('This needs a bearer token.', 'Bearer realm="strata"');
    const user = await this.tokens.read(token);
    if (!user)
      throw unauthorized('The token is not valid, or no longer.', 'Bearer realm="strata", error="invalid_token"');
    if (access.role !== undefined && !user.roles.includes(access.role)) {
      throw new Problem(403, `This needs the role ${access.role}.`);
    }
    request.user = user;
    return true;
  }
}

/** RFC 6750 §3: the challenge says what is missing. */
function unauthorized(detail: string, challenge: string): Problem {
  return new Problem(401, detail, { headers: { 'www-authenticate': challenge } });
}
