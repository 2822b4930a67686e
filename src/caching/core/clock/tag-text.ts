import { toUSVString } from 'node:util';

/**
 * Tags as the clock, Redis and every entry write them. A lone surrogate does not survive UTF-8, so a tag with one would
 * be another tag on other nodes; here it is the same everywhere, shared with its like: evicting may reach too far,
 * never too short.
 */
export function tagTexts(tags: Iterable<string>): string[] {
  const texts = new Set<string>();
  for (const tag of tags) texts.add(toUSVString(String(tag)));
  return [...texts];
}
