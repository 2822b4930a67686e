/** Kinds of tags that name a user. They are declared while modules load, so before the first tag is used. */
const userKinds = new Set<string>();

/** Begins a pseudonym. Alone it represents every user of a kind: `watchlist:~`. */
export const PSEUDONYM_MARK = '~';
/** Characters of the key's name, and of the pseudonym behind it. */
export const KEY_NAME_LENGTH = 6;
export const MAC_LENGTH = 22;

const PSEUDONYM = new RegExp(`^${PSEUDONYM_MARK}[\\w-]{${KEY_NAME_LENGTH + MAC_LENGTH}}$`);

/**
 * Declares a kind of tag whose tags belong to one user each, and returns the function that makes
 * them: `const watchlistTag = userTag('watchlist')`. Application code writes the user's id
 * (`watchlist:alice`); the cache stores, stamps, publishes and shows a pseudonym in its place.
 * Every program that shares a clock has to declare the same kinds.
 * @param kind the text before the colon, such as `watchlist`
 * @throws RangeError for an empty kind, or one with a colon
 */
export function userTag(kind: string): (userId: string) => string {
  if (kind === '' || kind.includes(':')) throw new RangeError(`"${kind}" cannot be a kind of tag`);
  userKinds.add(kind);
  return (userId) => `${kind}:${userId}`;
}

/** The kind and the user of a tag that names a user; undefined for every other tag, those with a pseudonym included. */
export function userOfTag(tag: string): { readonly kind: string; readonly user: string } | undefined {
  const colon = userKinds.size === 0 ? -1 : tag.indexOf(':');
  const kind = tag.slice(0, colon);
  if (colon < 1 || !userKinds.has(kind)) return undefined;
  const user = tag.slice(colon + 1);
  return user === PSEUDONYM_MARK || PSEUDONYM.test(user) ? undefined : { kind, user };
}

/** The name of the key that a tag's pseudonym was made with; undefined: the tag has no pseudonym. */
export function keyNameOf(tag: string): string | undefined {
  const colon = tag.indexOf(`:${PSEUDONYM_MARK}`);
  if (colon < 1 || !PSEUDONYM.test(tag.slice(colon + 1))) return undefined;
  return tag.slice(colon + 2, colon + 2 + KEY_NAME_LENGTH);
}

/** The tag of all users of the kind. A user's entries carry it too: it is stamped where a pseudonym is uncertain. */
export function everyUserTag(tag: string): string {
  return `${tag.slice(0, tag.indexOf(':'))}:${PSEUDONYM_MARK}`;
}
