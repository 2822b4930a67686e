import type { IncomingHttpHeaders } from 'node:http';

/** The names of the `Cache-Control` directives in a field, in lower case (RFC 9111 §5.2). A quoted argument may contain commas. */
export function cacheDirectives(field: string): ReadonlySet<string> {
  const names = field.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',');
  return new Set(names.map((part) => part.split('=', 1)[0]!.trim().toLowerCase()));
}

/** Whether a request's `Cache-Control` has this directive. */
export function requests(request: { headers: IncomingHttpHeaders }, directive: 'no-cache' | 'only-if-cached'): boolean {
  const field = request.headers['cache-control'];
  return field !== undefined && cacheDirectives(field).has(directive);
}

/** The members of a list header such as `Vary`, in lower case. */
export function listMembers(field: string): readonly string[] {
  return field
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/** A list header as one text. A framework has it as an array where it was set in several steps. */
export function fieldText(field: unknown): string {
  return Array.isArray(field) ? field.join(', ') : typeof field === 'string' ? field : '';
}

/** The union of two `Vary` fields (RFC 9110 §12.5.5): members of the second that the first already names are left out. */
export function mergeVary(given: unknown, added: string): string {
  if (given === undefined || given === added) return added;
  const present = fieldText(given);
  const known = listMembers(present);
  if (known.includes('*')) return '*';
  const missing = listMembers(added).filter((member) => !known.includes(member));
  return missing.length === 0 ? present : `${present}, ${missing.join(', ')}`;
}
