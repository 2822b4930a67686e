import { Inject, Injectable, Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { CacheQuery } from '../caching';
import { AppConfig } from '../config';
import { fetchJson, UpstreamError } from '../http';

/** Of one try, in ms: a caller with a new token waits for it. */
const TIMEOUT = 3_000;
const MAX_BYTES = 256 * 1024;
/** Between two looks for a key that is not there, in ms: anybody can name one. */
const COOLDOWN = 30_000;

/**
 * The public keys of the identity provider (RFC 7517), through this service's own cache: one fetch for all nodes, and with the provider
 * unreachable the last good set stays in use for a day.
 */
@Injectable()
export class KeySet {
  private readonly logger = new Logger(KeySet.name);
  private version = 0;
  private lookedAgain = -COOLDOWN;
  private built: { from: JSONWebKeySet; keys: JWTVerifyGetKey } | undefined;

  constructor(@Inject(AppConfig) private readonly config: AppConfig) {}

  /** The key that a token names by `kid`. A set without it is fetched again: the provider may have rotated its keys. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await this.keysOf(await this.fetched(this.version))(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.mayLookAgain()) throw error;
      const version = Date.now();
      const renewed = await this.fetched(version);
      this.version = version;
      return this.keysOf(renewed)(header, token);
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
      this.logger.warn(
        { reason: error instanceof Error ? error.message : 'unknown' },
        'the keys that verify tokens could not be fetched',
      );
      throw error;
    }
  }

  private mayLookAgain(): boolean {
    const now = performance.now();
    if (now - this.lookedAgain < COOLDOWN) return false;
    this.lookedAgain = now;
    return true;
  }

  private keysOf(from: JSONWebKeySet): JWTVerifyGetKey {
    if (this.built?.from !== from) this.built = { from, keys: createLocalJWKSet(from) };
    return this.built.keys;
  }
}

function isKeySet(body: unknown): body is JSONWebKeySet {
  return typeof body === 'object' && body !== null && 'keys' in body && Array.isArray(body.keys);
}
