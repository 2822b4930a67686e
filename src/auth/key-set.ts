import { Inject, Injectable, Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { CacheQuery } from '../caching';
import { AppConfig } from '../config';
import { fetchFault, fetchJson, UpstreamError } from '../http';

/** Of one try, in ms: a caller with a new token waits for it. */
const TIMEOUT = 3_000;
const MAX_BYTES = 256 * 1024;
/** Between two looks for a key that is not there, in ms: anybody can name one. */
const COOLDOWN = 30_000;
/** The same after a look that failed, in ms: the key may be there, and its tokens are refused until it is found. */
const RETRY_AFTER = 5_000;

/**
 * The public keys of the identity provider (RFC 7517), through this service's own cache: one fetch for all nodes, and with the provider
 * unreachable the last good set stays in use for a day.
 */
@Injectable()
export class KeySet {
  private readonly logger = new Logger(KeySet.name);
  private version = 0;
  private nextLook = 0;
  private renewed: Promise<JWTVerifyGetKey> | undefined;
  /** Each of its keys is imported at its first use. */
  private built: { readonly text: string; readonly keys: JWTVerifyGetKey } | undefined;

  constructor(@Inject(AppConfig) private readonly config: AppConfig) {}

  /** The key that a token names by `kid`. A set without it is fetched again: the provider may have rotated its keys. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.keysOf(await this.fetched(this.version))(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const keys = await this.lookAgain();
      return keys(header, token);
    }
  };

  /** @param _version a new one requests again @throws UpstreamError */
  @CacheQuery({ tags: ['auth:keys'], ttl: '10m', grace: '1d' })
  async fetched(_version: number): Promise<JSONWebKeySet> {
    const url = this.config.auth.jwks?.url ?? '';
    try {
      const signal = AbortSignal.timeout(TIMEOUT);
      const body = await fetchJson(url, { name: 'the key server', signal, maxBytes: MAX_BYTES });
      if (!isKeySet(body)) throw new UpstreamError('the key server sent no key set');
      return { keys: body.keys };
    } catch (error) {
      this.logger.warn({ reason: fetchFault(error) }, 'the keys that verify tokens could not be fetched');
      throw error;
    }
  }

  /**
   * Once in COOLDOWN, however many tokens name a key that is not there. All of them wait for that
   * look and share its failure: a key that could not be looked up may exist.
   */
  private lookAgain(): Promise<JWTVerifyGetKey> {
    const now = performance.now();
    if (this.renewed && now < this.nextLook) return this.renewed;
    this.nextLook = now + COOLDOWN;
    this.renewed = this.renew();
    return this.renewed;
  }

  private async renew(): Promise<JWTVerifyGetKey> {
    const version = Date.now();
    try {
      const keys = this.keysOf(await this.fetched(version));
      this.version = version;
      return keys;
    } catch (error) {
      this.nextLook = performance.now() + RETRY_AFTER;
      throw error;
    }
  }

  /** The set is compared by its text: a hit of the cache is another object each time. */
  private keysOf(set: JSONWebKeySet): JWTVerifyGetKey {
    const text = JSON.stringify(set);
    if (this.built?.text !== text) this.built = { text, keys: createLocalJWKSet(set) };
    return this.built.keys;
  }
}

function isKeySet(body: unknown): body is JSONWebKeySet {
  return isObject(body) && 'keys' in body && Array.isArray(body.keys) && body.keys.every(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
