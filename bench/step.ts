import type { Lab } from './lab';
import type { Profile } from './profile';
import type { Section } from './report/section';

/** What a step is given. */
export interface Bench {
  profile: Profile;
  /** Where it opens what it needs; all of it is closed when the step ends. */
  lab: Lab;
  /** Shows in the terminal what is going on. */
  progress: (what: string) => void;
}

/** One question, measured. */
export interface Step {
  /** As `--only` names it. */
  name: string;
  /** What it asks, in a line. */
  title: string;
  /** Left out of a quick run, unless it is asked for by name. */
  inDepth?: true;
  run: (bench: Bench) => Promise<Section>;
}
