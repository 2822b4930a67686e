export interface BatchLimits {
  readonly tags: number;
  /** Of all tags with one byte between two. */
  readonly bytes?: number;
}

/** Splits tags, in order, into lists that an edge accepts in one call. A tag over the limit has a list of its own. */
export function batches(tags: readonly string[], { tags: most, bytes = Infinity }: BatchLimits): string[][] {
  const lists: string[][] = [];
  let room = 0;
  for (const tag of tags) {
    const last = lists.at(-1);
    if (last && last.length < most && tag.length < room) {
      last.push(tag);
      room -= tag.length + 1;
    } else {
      lists.push([tag]);
      room = bytes - tag.length;
    }
  }
  return lists;
}
