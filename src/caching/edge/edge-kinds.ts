/** The shared cache in front of the application, by its purge API. */
export const EDGE_KINDS = ['none', 'varnish', 'fastly', 'cloudflare'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** Headers that can carry tags. `cache-groups` is RFC 9875; the others belong to one vendor each. */
export const TAG_HEADERS = ['cache-tag', 'surrogate-key', 'xkey', 'cache-groups'] as const;
export type TagHeader = (typeof TAG_HEADERS)[number];
