import { CanActivate, ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { FastifyRequest } from 'fastify';
import { Problem, requestOf } from '../http';
import { Accesses } from './accesses';
import { Access } from './auth.decorators';
import { bearerToken, TokenService } from './token.service';
import { User } from './user';

/** Lets a request in as its route's `@SignedIn()` or `@RequiresRole()` requires. A route without either is public. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Accesses) private readonly accesses: Accesses,
    @Inject(TokenService) private readonly tokens: TokenService,
  ) {}

  /** At once for a route that is public and a token that is known: each promise would be one more at every request. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access = this.accesses.of(context);
    if (!access) return true;
    const request = requestOf(context);
    const { authorization } = request.headers;
    const user = this.tokens.remembered(authorization);
    if (user) return letIn(user, access, request);
    if (bearerToken(authorization) === undefined) {
      throw unauthorized('This needs a bearer token.', 'Bearer realm="strata"');
    }
    return this.tokens.fromHeader(authorization).then((read) => letIn(read, access, request));
  }
}

function letIn(user: User | undefined, { role }: Access, request: FastifyRequest): true {
  if (!user) {
    throw unauthorized('The token is not valid, or no longer.', 'Bearer realm="strata", error="invalid_token"');
  }
  if (role !== undefined && !user.roles.includes(role)) throw new Problem(403, `This needs the role ${role}.`);
  request.user = user;
  return true;
}

/** RFC 6750 §3: the challenge says what is missing. */
function unauthorized(detail: string, challenge: string): Problem {
  return new Problem(401, detail, { headers: { 'www-authenticate': challenge } });
}
