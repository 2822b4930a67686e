import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { FastifyRequest } from 'fastify';
import type { User } from '../../src/auth';

/** As Nest's documentation writes it: the token is verified, and the user put on the request. */
@Injectable()
export class EditorGuard implements CanActivate {
  constructor(private readonly jwt: JwtService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const [type, token] = request.headers.authorization?.split(' ') ?? [];
    if (type !== 'Bearer' || token === undefined) throw new UnauthorizedException();
    try {
      const user = await this.jwt.verifyAsync<User>(token);
      request.user = user;
      return user.roles.includes('editor');
    } catch {
      throw new UnauthorizedException();
    }
  }
}
