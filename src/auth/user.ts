export const ROLES = ['editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who sent the request, as their token says. */
export interface User {
  /** The token's `sub`. */
  id: string;
  roles: readonly string[];
  /** When the token ends, as Unix time in seconds. */
  expires: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by AuthGuard on routes that require a user; a public route never reads the token. */
    user?: User;
  }
}
