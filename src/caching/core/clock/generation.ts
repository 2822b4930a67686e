import type { Instant, TagClock } from './tag-clock';

/**
 * Carries `<epoch>.<tick>`. On our answer about a group: when that was last stamped. On an edge's request: what it knows of the
 * clock already, and what the answer must therefore not be older than (Law 1, at the edge).
 */
export const GENERATION_HEADER = 'cache-token';

export function generationText({ epoch, tick }: Pick<Instant, 'epoch' | 'tick'>): string {
  return `${epoch}.${tick}`;
}

/** Whether who stands at `instant` knows all that `generation` names. Another epoch, or no generation at all: no. */
export function isKnownAt(instant: Instant, generation: string): boolean {
  const dot = generation.lastIndexOf('.');
  return generation.slice(0, dot) === instant.epoch && Number(generation.slice(dot + 1)) <= instant.tick;
}

/** Whether a request comes from an edge that knows of stamps which `clock` has not heard of yet. Every hit asks, and few requests come from such an edge. */
export function isBehind(
  clock: Pick<TagClock, 'instant'>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): boolean {
  const told = headers[GENERATION_HEADER] as string | undefined;
  return told !== undefined && !isKnownAt(clock.instant(), told);
}
