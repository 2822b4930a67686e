import { publicTags } from '../core/store/entry';
import { boundedTags, MAX_FIELD, MAX_GROUPS } from './edge-tags';
import type { TagHeader } from './edge-kinds';

/** The tags of an entry as the value of one header, within the limits of edges. */
export function tagField(name: TagHeader, tags: readonly string[]): string {
  const known = publicTags(tags);
  switch (name) {
    case 'cache-tag':
      return boundedTags(known).join(',');
    case 'surrogate-key':
    case 'xkey':
      return boundedTags(known).join(' ');
    case 'cache-groups':
      // A structured list of strings (RFC 8941); tags hold no quote or backslash by now.
      return boundedTags(known, MAX_FIELD, '"", '.length, MAX_GROUPS)
        .map((tag) => `"${tag}"`)
        .join(', ');
    default:
      return name satisfies never;
  }
}
