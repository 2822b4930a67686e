import { cacheDirectives, fieldText, listMembers } from './directives';

type Headers = Readonly<Record<string, unknown>>;

/** Written by the transport for each message. */
const OF_THE_MESSAGE = new Set(['content-length', 'date', 'connection', 'keep-alive', 'transfer-encoding', 'trailer']);
/** With any of these the application forbids to store the response. */
const FORBIDDING = ['no-store', 'no-cache', 'must-understand'];

/** What a route's key contains beside the URL. */
export interface KeyParts {
  /** Request headers, in lower case. */
  readonly varyBy: readonly string[];
  /** The user is part of the key, so `Cache-Control: private` does not forbid storing. */
  readonly isPrivate: boolean;
}

/**
 * The headers that a handler added to its response, or undefined when the application says that the response must not be
 * stored: by `Set-Cookie`, `Cache-Control`, or a `Vary` on headers that are not part of the key (RFC 9111 §3, §4.1).
 * @param before set by hooks and decorators before the handler ran: each response of the route gets them anyway
 * @param serialised when the framework had serialised the value @param final after the application's onSend hooks
 */
export function storableHeaders(
  before: Headers,
  serialised: Headers,
  final: Headers,
  key: KeyParts,
): Record<string, string> | undefined {
  if (final['set-cookie'] !== undefined) return undefined;
  if (forbidsToStore(final['cache-control'], key) || variesBeyond(before, final, key)) return undefined;
  if (isInAnUnkeyedLanguage(serialised, final, key)) return undefined;
  // A header that the handler removed would be back on every hit.
  if (Object.keys(before).some((name) => serialised[name] === undefined)) return undefined;
  const own = Object.entries(serialised).filter(([name, value]) => isOwn(name, value, before));
  if (own.some(([, value]) => Array.isArray(value))) return undefined;
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}

function isOwn(name: string, value: unknown, before: Headers): boolean {
  if (OF_THE_MESSAGE.has(name)) return false;
  // A decorator sets these before the handler runs, and a hit needs them all the same: the route's own would take their place.
  return before[name] !== value || name === 'content-type' || name === 'cache-control';
}

/** Whether a response with this `Cache-Control` must not be stored, whatever of the application set it. */
export function forbidsToStore(said: unknown, { isPrivate }: Pick<KeyParts, 'isPrivate'>): boolean {
  if (said === undefined) return false;
  const directives = cacheDirectives(fieldText(said));
  return FORBIDDING.some((directive) => directives.has(directive)) || (!isPrivate && directives.has('private'));
}

function variesBeyond(before: Headers, final: Headers, { varyBy }: KeyParts): boolean {
  // What hooks said before the handler ran is in the key: see `negotiatedBefore`.
  const allowed = new Set([...listMembers(fieldText(before['vary'])), ...varyBy, 'accept-encoding']);
  allowed.delete('*');
  return listMembers(fieldText(final['vary'])).some((name) => !allowed.has(name));
}

/** A hook chose the language after the key was made, so the key does not distinguish languages. */
function isInAnUnkeyedLanguage(serialised: Headers, final: Headers, { varyBy }: KeyParts): boolean {
  return final['content-language'] !== serialised['content-language'] && !varyBy.includes('accept-language');
}
