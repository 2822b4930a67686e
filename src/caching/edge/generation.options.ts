/** A group of answers that an edge keeps and drops together, because it knows no tags. What they are is the application's to say. */
export interface EdgeGroups {
  /** Everything whose stamping may change an answer of this group. Undefined: there is no such group. */
  tagsOf: (group: string) => readonly string[] | undefined;
  /** Every group that stamping this tag may change. */
  groupsOf: (tag: string) => readonly string[];
}

export const EDGE_GROUPS = Symbol('EDGE_GROUPS');
