import { Logger } from '@nestjs/common';
import type { CacheEntry } from '../../../core/store/entry';
import { StoredResponse } from './stored-response';

/** What describes a representation, and gives a browser no power over the site (RFC 9110 §8, RFC 9111, RFC 8288, RFC 9745). */
const ALWAYS = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-location',
  'content-type',
  'deprecation',
  'etag',
  'expires',
  'last-modified',
  'link',
  'sunset',
  'vary',
];
/** Types that a browser may execute, or treat as a page of this origin. */
const ACTIVE = /html|[/+]xml|script|svg/i;

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Which headers a response may bring from Redis. Who can write to Redis must not be able to set a cookie or a policy on this
 * origin, so the list is short. A response with any other header of its own stays in the process that made it.
 */
export class PortableHeaders {
  private readonly logger = new Logger('CacheView');
  private readonly names: ReadonlySet<string>;
  private readonly warned = new Set<string>();

  /**
   * @param own further names, as the application declares them
   * @param isSigned entries carry an HMAC, so their content is that of a node
   */
  constructor(
    own: readonly string[],
    private readonly isSigned: boolean,
  ) {
    this.names = new Set([...ALWAYS, ...own.map((name) => name.toLowerCase())]);
  }

  /** Whether a response with these headers may be stored in Redis. Logs, once for each, which header prevents it. */
  mayTravel(headers: Headers, route: string): boolean {
    const other = this.prevents(headers);
    if (other === undefined) return true;
    if (!this.warned.has(other)) {
      this.warned.add(other);
      this.logger.warn(
        `${route}: the response sets ${other}, so it is cached in this process only. To share it through Redis, add the header to ` +
          'view.headers; an active content type needs the option secret.',
      );
    }
    return false;
  }

  /** Whether an entry from Redis is a response with no other headers. @throws as `StoredResponse.of` */
  isReadable(entry: CacheEntry): boolean {
    return this.prevents(StoredResponse.of(entry).headers) === undefined;
  }

  private prevents(headers: Headers): string | undefined {
    const other = Object.keys(headers).find((name) => !this.names.has(name));
    const isActive = !this.isSigned && ACTIVE.test(headers['content-type'] ?? '');
    return other ?? (isActive ? 'an active content-type' : undefined);
  }
}
