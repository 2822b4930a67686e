import type { EdgeGroups } from '../../edge/edge-groups';
import { EVERYTHING } from '../../edge/edge-tags';
import { call } from './purge-call';
import type { Purger } from './purger';

/** The module's word for "I had nothing under that name". */
const NOT_KEPT = 404;

/**
 * nginx with ngx_cache_purge, which knows no tags and drops exact keys only. So what is dropped is not the answers but what nginx
 * knows of their groups: it asks anew, and whatever it kept under the generation before is out of reach, whatever its address or Vary.
 */
export class NginxPurger implements Purger {
  constructor(
    private readonly url: string,
    private readonly groups: EdgeGroups,
  ) {}

  async purge(tags: readonly string[]): Promise<void> {
    for (const group of new Set(tags.flatMap((tag) => this.groups.groupsOf(tag)))) {
      const url = `${this.url}/edge/generation/${encodeURIComponent(group)}`;
      await call({ method: 'PURGE', url, accepts: NOT_KEPT });
    }
  }

  /** Groups that cannot be named (there are as many as products) follow within a second. */
  purgeEverything(): Promise<void> {
    return this.purge([EVERYTHING]);
  }
}
