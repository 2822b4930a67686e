import type { FastifyRequest } from 'fastify';
import { TokenService } from '../auth';
import { type CachingOptions, type EdgeOptions, openTelemetryTracing } from '../caching';
import { AppConfig } from '../config';
import { KeyValidationPipe } from '../http';

/** Options of the cache for this application. */
export function cachingOptions({ cache, redis, spans }: AppConfig, tokens: TokenService): CachingOptions {
  return {
    ...cache,
    application: 'strata',
    redis: redis.url === undefined ? undefined : { url: redis.url },
    tracing: spans ? openTelemetryTracing() : undefined,
    view: { validate: new KeyValidationPipe(), mayRevalidate: (request) => isAdmin(request, tokens) },
  };
}

/** Options of shared caches. While the nodes fail, a shared cache may use a response for as long as a node may use grace. */
export function edgeOptions({ edge, cache }: AppConfig): EdgeOptions {
  return { ...edge, staleIfError: cache.grace };
}

/**
 * Public routes have no guard that reads the token, so it is read here. A token that cannot be
 * verified now fails no public read.
 */
async function isAdmin(request: FastifyRequest, tokens: TokenService): Promise<boolean> {
  const user = request.user ?? (await tokens.fromHeader(request.headers.authorization).catch(() => undefined));
  return user?.roles.includes('admin') ?? false;
}
