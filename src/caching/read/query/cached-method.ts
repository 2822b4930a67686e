import { Logger } from '@nestjs/common';
import type { CacheStack } from '../../core/cache-stack';
import { boundedKey, canonicalText } from '../canonical';
import { CacheError } from '../../caching.errors';
import { parseDuration } from '../../caching.options';
import type { Body, Loaded } from '../../core/store/entry';
import { type CachePolicy, EAGER } from '../../core/store/policy';
import type { QueryOptions } from './cache-query.decorator';
import { decodeResult, encodeResult, NotPlainError, requireResult } from './codec';
import { isInTransaction } from './in-transaction';

type Method = (...args: unknown[]) => Promise<unknown>;
/** Options without the types of the method, which the decorator has checked. */
export type AnyQueryOptions = QueryOptions<readonly unknown[]>;

/** Puts the cache in front of one method. */
export class CachedMethod {
  private readonly logger = new Logger('CacheQuery');
  private readonly policy: CachePolicy;
  private readonly isOn: boolean;
  /** Keys begin with it. */
  private readonly prefix: string;
  private warned = false;

  /** @param name unique among all cached methods: keys start with it */
  constructor(
    private readonly stack: CacheStack,
    private readonly name: string,
    private readonly options: AnyQueryOptions,
  ) {
    const { ttl, grace, inProcess, version } = options;
    this.prefix = `query:${name}${version === undefined ? '' : `@${version}`}(`;
    stack.readable.require(this.prefix, requireResult);
    this.isOn = stack.options.layers.includes('query');
    this.policy = {
      inProcess,
      refreshBefore: EAGER,
      ...(ttl === undefined || typeof ttl === 'function' ? {} : { ttl: parseDuration('ttl', ttl) }),
      ...(grace === undefined ? {} : { grace: parseDuration('grace', grace, 0) }),
    };
  }

  /** @param bypass runs the method without the cache */
  async call(method: Method, args: unknown[], bypass = false): Promise<unknown> {
    if (!this.isOn || bypass || args.some(isInTransaction)) return this.uncached(method, args);
    let own: { readonly value: unknown; readonly isKept: boolean } | undefined;
    const load = async (): Promise<Loaded> => {
      const value = await method(...args);
      const tags = this.tags(value, args);
      const body = this.encoded(value);
      own = { value, isKept: body !== undefined };
      return body === undefined ? { body: null, tags, store: false } : { body, tags, ...this.ttl(value) };
    };
    const { entry, outcome, collapsed } = await this.stack.store.getOrLoad(this.key(args), this.policy, load);
    const { type } = this.options;
    // The caller that ran the method has its result. With `type`, every caller gets a restored instance.
    const isOwn = own !== undefined && (!own.isKept || (type === undefined && outcome === 'miss' && !collapsed));
    return own && isOwn ? own.value : decodeResult(entry, type);
  }

  /** Runs the method without the cache, and still records its tags for the value that is being loaded around the call. */
  private async uncached(method: Method, args: unknown[]): Promise<unknown> {
    const value = await method(...args);
    this.stack.dependencies.addTags(this.tags(value, args));
    return value;
  }

  private tags(value: unknown, args: unknown[]): readonly string[] {
    const { tags = [] } = this.options;
    return typeof tags === 'function' ? tags(value, ...args) : tags;
  }

  private ttl(value: unknown): { ttl?: number } {
    const { ttl } = this.options;
    return typeof ttl === 'function' ? { ttl: parseDuration(`${this.name}: ttl`, ttl(value), 0) } : {};
  }

  private key(args: unknown[]): string {
    try {
      const call = this.options.key ? this.options.key(...args) : canonicalArgs(args);
      const shown = this.options.private ? this.stack.clock.pseudonym(call) : call;
      return boundedKey(`${this.prefix}${shown})`);
    } catch (cause) {
      throw new CacheError('CACHE_KEY', `${this.name}: ${(cause as Error).message}`, { cause });
    }
  }

  /** Undefined: the result cannot be cached. It is nested too deep for the stack, too long for a text, or one of its getters throws. */
  private encoded(value: unknown): Body | undefined {
    try {
      return encodeResult(value, this.options.type);
    } catch (error) {
      this.warn(error as Error);
      return undefined;
    }
  }

  private warn(error: Error): void {
    if (this.warned) return;
    this.warned = true;
    const advice = error instanceof NotPlainError ? '. Return plain data, or set the option `type` to its class.' : '';
    this.logger.warn(`${this.name} is not cached: ${error.message}${advice}`);
  }
}

/** Trailing undefined arguments are dropped: f(1) and f(1, undefined) share a key. */
function canonicalArgs(args: unknown[]): string {
  const last = args.findLastIndex((arg) => arg !== undefined);
  return args
    .slice(0, last + 1)
    .map(canonicalText)
    .join();
}
