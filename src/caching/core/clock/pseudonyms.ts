import { createHmac, createSecretKey, type KeyObject, randomUUID } from 'node:crypto';
import { toUSVString } from 'node:util';
import { everyUserTag, KEY_NAME_LENGTH, keyNameOf, MAC_LENGTH, PSEUDONYM_MARK, userOfTag } from './user-tag';

/** Pseudonyms that are remembered: a private hit then costs one lookup in a Map. */
const REMEMBERED = 10_000;

/**
 * Replaces users in keys and tags by an HMAC of their id. So no view of the cache (admin routes,
 * console, logs, metrics, headers, Redis) has to hide a name or lets a list of names be tested.
 *
 * The key is a secret of the tag clock's epoch, which a node receives together with the epoch: all
 * nodes of a clock share it, and no setting can make them disagree. A new epoch may have another
 * secret, because every older entry is stale in it anyway.
 */
export class Pseudonyms {
  private readonly key: KeyObject;
  private readonly keyName: string;
  private readonly known = new Map<string, string>();

  /** @param secret of the epoch. @default a random one, for a node that knows of no epoch yet */
  constructor(secret: string = randomUUID()) {
    this.key = createSecretKey(createHmac('sha256', secret).update('cache pseudonyms').digest());
    this.keyName = this.mac('').slice(0, KEY_NAME_LENGTH);
  }

  /** `~` and 28 characters: the same for the same user everywhere on this clock. */
  of(user: string): string {
    const known = this.known.get(user);
    if (known !== undefined) return known;
    const pseudonym = PSEUDONYM_MARK + this.keyName + this.mac(`=${user}`);
    if (this.known.size >= REMEMBERED) this.known.delete(this.known.keys().next().value!);
    this.known.set(user, pseudonym);
    return pseudonym;
  }

  /**
   * Tags as the clock, Redis and every entry write them: users as pseudonyms. A lone surrogate does
   * not survive UTF-8, so it is replaced before a tag is compared: two tags may become one, and an
   * invalidation reaches too far, never too short.
   */
  tagTexts(tags: Iterable<string>): string[] {
    const texts = new Set<string>();
    for (const tag of tags) texts.add(this.tagText(toUSVString(String(tag))));
    return [...texts];
  }

  /** The same for the tags of an entry: one of a user also depends on the tag of all users of that kind. */
  dependencyTexts(tags: Iterable<string>): string[] {
    const texts = this.tagTexts(tags);
    return [...new Set([...texts, ...everyUserTags(texts)])];
  }

  /** Those of `texts` whose pseudonyms were made with another key, as tags of all users of their kinds. */
  foreign(texts: readonly string[]): string[] {
    return everyUserTags(texts.filter((text) => keyNameOf(text) !== this.keyName));
  }

  private tagText(tag: string): string {
    const named = userOfTag(tag);
    return named ? `${named.kind}:${this.of(named.user)}` : tag;
  }

  /** Of UTF-16, as UTF-8 has one replacement for every lone surrogate: two users must not share a key. */
  private mac(text: string): string {
    return createHmac('sha256', this.key).update(text, 'utf16le').digest('base64url').slice(0, MAC_LENGTH);
  }
}

/** The tags of all users of the kinds that `texts` name users of. */
export function everyUserTags(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text) => keyNameOf(text) !== undefined).map(everyUserTag))];
}
