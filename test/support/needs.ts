import type { Need } from './machine/programs';

export type { Need } from './machine/programs';

/** What machine/environment.ts puts beside `describe` and `it`. */
interface Marker {
  lacks?: (names: readonly Need[]) => boolean;
  need?: (names: readonly Need[]) => void;
  needed?: (name: Need) => void;
}

/**
 * Said at the head of a suite or of a `describe`: its tests need these programs. Where the machine lacks one they are skipped, and named in the
 * last lines of the run together with the command that brings it. @throws Error where CI=true
 */
export function needs(...names: Need[]): void {
  (globalThis as Marker).need?.(names);
}

/** Called by what starts such a program. @throws Error when the suite has not said that it needs it */
export function needed(name: Need): void {
  (globalThis as Marker).needed?.(name);
}

/** Whether the machine lacks one of these. */
export function lacks(...names: Need[]): boolean {
  return (globalThis as Marker).lacks?.(names) ?? false;
}
