export { CurrentUser, RequiresRole, SignedIn } from './auth.decorators';
export { AuthModule } from './auth.module';
export { TokenService } from './token.service';
export { Role, ROLES, User } from './user';
