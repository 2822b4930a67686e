import { createHmac, randomBytes } from 'node:crypto';

/** The user's part of a private view's key (view/view-route.ts), cut off or not. */
const USER = /;user=("(?:[^"\\]|\\.)*"?)/;
const KEY_TAG = '@key:';
const MASK = /‹[0-9a-f]{12}›/;

/**
 * Shows keys and tags without the people they name. A mask is keyed: who has a list of names cannot try them out. One person has one
 * mask, so an administrator still sees that two entries are the same person's.
 */
export class Masks {
  private readonly patterns: readonly RegExp[];

  constructor(
    personal: readonly RegExp[] = [],
    private readonly secret: string | Buffer = randomBytes(32),
  ) {
    this.patterns = [USER, ...personal].map((pattern) => new RegExp(pattern.source, addFlag(pattern.flags, 'd')));
  }

  /** The text with a mask, `‹3f2a9c1b07de›`, in place of every person. */
  hide(text: string): string {
    // The tag that is an entry's own name hides what the name does.
    if (text.startsWith(KEY_TAG)) return KEY_TAG + this.hide(text.slice(KEY_TAG.length));
    return this.patterns.reduce((shown, pattern) => {
      const range = pattern.exec(shown)?.indices?.[1];
      return range ? shown.slice(0, range[0]) + this.mask(shown.slice(...range)) + shown.slice(range[1]) : shown;
    }, text);
  }

  /** Normalises a name for its mask: `"alice"` in a key and `alice` in a tag are the same person. */
  private mask(person: string): string {
    const name = person.replace(/^"|"$/g, '');
    return `‹${createHmac('sha256', this.secret).update(`cache mask\0${name}`).digest('hex').slice(0, 12)}›`;
  }
}

export function isMasked(text: string): boolean {
  return MASK.test(text);
}

/** What stands before the first mask, and so is as it really is. */
export function beforeMask(text: string): string {
  return text.split(MASK, 1)[0] ?? '';
}

function addFlag(flags: string, flag: string): string {
  return [...new Set(flags.replace(/[gy]/g, '') + flag)].join('');
}
