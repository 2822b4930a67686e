export { CurrentUser, RequiresRole, SignedIn } from './auth.decorators';
export { AuthModule } from './auth.module';
export { signingKey, TokenService } from './token.service';
export { Role, ROLES, User } from './user';
