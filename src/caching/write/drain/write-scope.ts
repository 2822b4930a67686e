import { AsyncScope } from '../../core/async/async-scope';
import type { StampInstant } from '../../core/clock/tag-clock';
import type { Acknowledgement } from './writer-wait';

/** What the writes of one request have invalidated so far, for the headers of its response. */
export class WriteNotes {
  /** The tags, where responses name them. */
  readonly tags = new Set<string>();
  private unstamped = false;
  private last?: StampInstant;

  note({ isStamped, at }: Acknowledgement): void {
    if (!isStamped) this.unstamped = true;
    // Another node stamped the newest write, at a tick that is not known here.
    this.last = at;
  }

  /** A write was acknowledged before its stamp: the response may not name a state that has it. */
  get isUnstamped(): boolean {
    return this.unstamped;
  }

  /** A stamp that is not older than those of all writes. Undefined: the clock has to be queried. */
  get stamp(): StampInstant | undefined {
    return this.last;
  }
}

/** The notes of each request of this process. */
export class WriteScope extends AsyncScope<WriteNotes> {}
