/** Upper bounds of histograms, in milliseconds: doublings from 8 µs, which no request beats, to 16 s, beyond every deadline. */
const BOUNDS = Array.from({ length: 22 }, (_, n) => 2 ** (n - 7));

export const BOUNDS_MS: readonly number[] = BOUNDS;

/** As Prometheus has it. */
export const BOUNDS_SECONDS: number[] = BOUNDS.map((ms) => ms / 1_000);
