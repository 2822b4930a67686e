/** The middle value; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that `share` of all (0 to 1) are below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export interface Slope {
  /** Units of y for one unit of x. */
  value: number;
  /** Half the width of its 95 % interval. */
  margin: number;
  mean: number;
}

/**
 * Least squares. Samples that follow one another resemble each other and so count for fewer: the margin takes the residuals' lag-1
 * correlation into account.
 */
export function slopeOf(x: readonly number[], y: readonly number[]): Slope {
  const n = x.length;
  const [meanX, mean] = [average(x), average(y)];
  const spread = sum(x.map((value) => (value - meanX) ** 2));
  const value = sum(x.map((at, i) => (at - meanX) * (y[i]! - mean))) / spread;
  const residuals = y.map((at, i) => at - mean - value * (x[i]! - meanX));
  const squares = sum(residuals.map((one) => one ** 2));
  const lag = squares === 0 ? 0 : sum(residuals.slice(1).map((one, i) => one * residuals[i]!)) / squares;
  const effective = Math.max(3, (n * (1 - Math.max(0, lag))) / (1 + Math.max(0, lag)));
  const deviation = Math.sqrt((squares / Math.max(1, n - 2) / spread) * (n / effective));
  return { value, margin: 1.96 * deviation, mean };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function average(values: readonly number[]): number {
  return sum(values) / values.length;
}
