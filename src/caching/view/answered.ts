import type { ServerResponse } from 'node:http';
import type { CacheResult } from '../store/entry';

/** What a request was answered from. `none`: its route is not cached. `bypass`: it is, and this request went past. */
export const ANSWERED_BY = ['l1', 'l2', 'stale', 'grace', 'collapsed', 'source', 'bypass', 'none'] as const;
export type AnsweredBy = (typeof ANSWERED_BY)[number];

/** What whoever measures requests has to know of one, and cannot see from outside. */
export interface Answered {
  /** The pattern, `/api/products/:id`, never the address. */
  readonly route: string;
  by: AnsweredBy;
}

const ANSWERED = Symbol('answered');
type Marked = ServerResponse & { [ANSWERED]?: Answered };

/** Puts it on the answer itself: the fast path has no other place to tell it, and an event would cost each hit more. */
export function markAnswer(response: ServerResponse, answered: Answered): void {
  (response as Marked)[ANSWERED] = answered;
}

/** Undefined: the framework never saw it, and the fast path did not answer it. */
export function answerOf(response: ServerResponse): Answered | undefined {
  return (response as Marked)[ANSWERED];
}

/** Where nobody measures there is no mark, and nothing to add to it. */
export function noteSource(response: ServerResponse, by: AnsweredBy): void {
  const answered = answerOf(response);
  if (answered) answered.by = by;
}

export function sourceOf({
  outcome,
  tier,
  collapsed,
}: Pick<CacheResult, 'outcome' | 'tier' | 'collapsed'>): AnsweredBy {
  if (collapsed) return 'collapsed';
  return outcome === 'hit' || outcome === 'miss' ? tier : outcome;
}
