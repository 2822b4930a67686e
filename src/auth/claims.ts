import type { JWTPayload } from 'jose';
import { User } from './user';

/** Longest `sub`: the watchlist's user column holds as much. */
export const MAX_SUBJECT = 200;
/** Latest end of a token, as Unix time in seconds: the end of the year 9999. JSON can hold more than any clock will show. */
const MAX_EXPIRY = 253_402_300_799;

/** The user that verified claims name; undefined where they do not say who it is, or until when. */
export function userOf(claims: JWTPayload, rolesClaim: string): User | undefined {
  const { sub, exp } = claims;
  if (typeof exp !== 'number' || !(exp > 0 && exp <= MAX_EXPIRY)) return undefined;
  if (typeof sub !== 'string' || !isSubject(sub)) return undefined;
  const roles = claimAt(claims, rolesClaim) ?? [];
  if (!Array.isArray(roles) || !roles.every((role): role is string => typeof role === 'string')) return undefined;
  return { id: sub, roles, expires: exp };
}

/** Whether a user can have this name. PostgreSQL cannot store a NUL or half a surrogate pair. */
export function isSubject(sub: string): boolean {
  return sub !== '' && sub.length <= MAX_SUBJECT && !sub.includes('\0') && sub.isWellFormed();
}

/** A claim by its name, which may hold dots (`https://shop.example/roles`), or by its path (`realm_access.roles`). */
function claimAt(claims: object, name: string): unknown {
  if (Object.hasOwn(claims, name)) return (claims as Record<string, unknown>)[name];
  return name.split('.').reduce<unknown>((value, member) => {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, member);
    return isThere ? (value as Record<string, unknown>)[member] : undefined;
  }, claims);
}
