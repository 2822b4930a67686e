import { CloudflarePurger } from './cloudflare.purger';
import type { ResolvedEdge } from './edge.options';
import { FastlyPurger } from './fastly.purger';
import type { Purger } from './purger';
import { VarnishPurger } from './varnish.purger';

/** The purger of the edge that is configured; undefined: none is. */
export function createPurger({ kind, url, token = '' }: ResolvedEdge): Purger | undefined {
  switch (kind) {
    case 'none':
      return undefined;
    case 'nginx':
      throw new Error('nginx.purger.ts comes from branch servers');
    case 'varnish':
      return new VarnishPurger(url);
    case 'fastly':
      return new FastlyPurger(url, token);
    case 'cloudflare':
      return new CloudflarePurger(url, token);
    default:
      return kind satisfies never;
  }
}
