export { CurrentUser, RequiresRole, SignedIn } from './auth.decorators';
export { AuthModule } from './auth.module';
export { isSubject, MAX_SUBJECT } from './claims';
export { KeySet } from './key-set';
export { TokenService } from './token.service';
export { Role, ROLES, User } from './user';
