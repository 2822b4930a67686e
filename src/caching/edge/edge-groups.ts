/**
 * Groups of answers that an edge keeps and drops together, for one that knows no tags (docker/nginx). Which there are is the
 * application's to say.
 */
export interface EdgeGroups {
  /** Everything whose stamping may change an answer of this group; `product:*` is any tag of that kind. Undefined: there is no such group. */
  tagsOf: (group: string) => readonly string[] | undefined;
  /** The groups to ask for at once when this tag is stamped. One that is not named here is asked for within a second. */
  groupsOf: (tag: string) => readonly string[];
}

export const EDGE_GROUPS = Symbol('EDGE_GROUPS');

export const NO_GROUPS: EdgeGroups = { tagsOf: () => undefined, groupsOf: () => [] };
