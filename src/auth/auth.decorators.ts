import { applyDecorators, createParamDecorator, ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { ApiProblems, requestOf } from '../http';
import { Role, User } from './user';

export const ACCESS = 'strata:access';

/** What a route requires of its caller. `role` undefined: to be signed in. */
export interface Access {
  role: Role | undefined;
}

/** Only for who is signed in. */
export function SignedIn(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(ACCESS, { role: undefined } satisfies Access),
    ApiBearerAuth(),
    ApiProblems({ 401: 'no token, or one that does not hold' }),
  );
}

/** Only for who has this role. */
export function RequiresRole(role: Role): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(ACCESS, { role } satisfies Access),
    ApiBearerAuth(),
    ApiProblems({ 401: 'no token, or one that does not hold', 403: `the token lacks the role ${role}` }),
  );
}

/** The caller, in a route that is `@SignedIn()` or `@RequiresRole()`. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => {
  const { user } = requestOf(context);
  if (!user) throw new TypeError('@CurrentUser() needs @SignedIn() or @RequiresRole() on the route');
  return user;
});
