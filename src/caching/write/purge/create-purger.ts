import { tokenText } from '../../core/clock/cache-token';
import type { TagClock } from '../../core/clock/tag-clock';
import { CloudflarePurger } from './cloudflare.purger';
import type { ResolvedEdge } from '../../edge/edge.options';
import { FastlyPurger } from './fastly.purger';
import type { Purger } from './purger';
import { VarnishPurger } from './varnish.purger';

/** The purger of the configured edge; undefined where nothing is purged. */
export function createPurger({ kind, url, token = '' }: ResolvedEdge, clock: TagClock): Purger | undefined {
  switch (kind) {
    case 'none':
      return undefined;
    case 'varnish':
      return new VarnishPurger(url, () => tokenText(clock.instant()));
    case 'fastly':
      return new FastlyPurger(url, token);
    case 'cloudflare':
      return new CloudflarePurger(url, token);
    default:
      return kind satisfies never;
  }
}
