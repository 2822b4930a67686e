/** How much is measured. */
export interface Profile {
  name: 'full' | 'quick' | 'tiny';
  /** Interleaved rounds that medians are taken of. */
  rounds: number;
  /** Seconds of load for one number. */
  seconds: number;
  /** Seconds of load before any number counts; 0: some hundred requests. */
  warmUp: number;
  /** Products in the catalogue. */
  rows: number;
  /** Repetitions of what is asked one request at a time. */
  repeats: number;
  /** First requests that come at once. */
  crowd: number;
  /** Sizes of the catalogue, to see what grows with it. */
  growth: number[];
  tags: number[];
  nodes: number[];
  /** Reads that only warm caches up, and requests of one round that count, for each share of writes. */
  script: { warmUp: number; requests: number };
  /** Writes in a hundred requests, for each of which that is played. */
  shares: number[];
}

const full: Profile = {
  name: 'full',
  rounds: 3,
  seconds: 2,
  warmUp: 1,
  rows: 10_000,
  repeats: 15,
  crowd: 1_000,
  growth: [10_000, 100_000, 1_000_000],
  tags: [1, 10, 100, 1_000],
  nodes: [1, 2, 3, 4],
  script: { warmUp: 1_000, requests: 700 },
  shares: [1, 5, 20],
};

const quick: Profile = {
  ...full,
  name: 'quick',
  rounds: 1,
  seconds: 1,
  warmUp: 0,
  repeats: 3,
  crowd: 200,
  growth: [10_000, 50_000],
  nodes: [1, 4],
  script: { warmUp: 100, requests: 150 },
  shares: [5],
};

/** For the test that holds the command together: it shows that something is measured, not how much. */
const tiny: Profile = {
  ...quick,
  name: 'tiny',
  rows: 300,
  repeats: 3,
  crowd: 60,
  growth: [300, 600],
  nodes: [1, 2],
  script: { warmUp: 30, requests: 60 },
};

export const PROFILES = { full, quick, tiny };
