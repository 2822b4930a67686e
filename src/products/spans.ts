/** Columns whose numbers are cut into spans. */
export type Spanned = 'price' | 'rating';

export function isSpanned(column: string): column is Spanned {
  return column === 'price' || column === 'rating';
}

interface Scale {
  /** Ascending. Between two of them is a span; so is what lies outside of them. */
  readonly bounds: readonly number[];
  /** Whether a bound belongs to the span below it: so that the bounds of usual filters (`max_price=20`, `min_rating=4`) cut no span. */
  readonly closedAbove: boolean;
  /** Spans of one wide span. */
  readonly group: number;
}

/** Ten a decade, each about a quarter more than the one before. */
const DECADE = [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8];

const SCALES: Record<Spanned, Scale> = {
  price: {
    bounds: [...[1, 10, 100, 1_000].flatMap((power) => DECADE.map((step) => step * power)), 10_000],
    closedAbove: true,
    group: 10,
  },
  rating: { bounds: Array.from({ length: 19 }, (_, at) => (at + 1) / 4), closedAbove: false, group: 4 },
};

/** The spans that a number is in: the narrow one, and the wide one around it. */
export function spansAt(column: Spanned, value: number): string[] {
  const at = indexOf(SCALES[column], value);
  const wide = at - (at % SCALES[column].group);
  return [label(column, at, at), label(column, wide, wide + SCALES[column].group - 1)];
}

/**
 * As few spans as cover the numbers from `from` to `to`, both included. Any number between them is in one of these, by `spansAt`.
 * @param from undefined: from the lowest @param to undefined: to the highest
 */
export function spansBetween(column: Spanned, from: number | undefined, to: number | undefined): string[] {
  const scale = SCALES[column];
  const last = scale.bounds.length;
  const ends = [from === undefined ? 0 : indexOf(scale, from), to === undefined ? last : indexOf(scale, to)];
  const [first, end] = [Math.min(...ends), Math.max(...ends)];
  const spans: string[] = [];
  for (let at = first; at <= end;) {
    const wide = at % scale.group === 0 && Math.min(at + scale.group - 1, last) <= end;
    const upTo = wide ? at + scale.group - 1 : at;
    spans.push(label(column, at, upTo));
    at = upTo + 1;
  }
  return spans;
}

/** What is no number is in the last one, where PostgreSQL orders NaN. */
function indexOf({ bounds, closedAbove }: Scale, value: number): number {
  const at = bounds.findIndex((bound) => (closedAbove ? value <= bound : value < bound));
  return at === -1 ? bounds.length : at;
}

/** Such as `price:16-20`. */
function label(column: Spanned, first: number, last: number): string {
  const { bounds } = SCALES[column];
  return `${column}:${bounds[first - 1] ?? ''}-${bounds[last] ?? ''}`;
}
