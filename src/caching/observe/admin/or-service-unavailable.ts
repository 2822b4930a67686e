import { HttpException, ServiceUnavailableException } from '@nestjs/common';
import { CacheError } from '../../caching.errors';

/** Turns a failed call to Redis into a 503: the caller may retry when Redis is back. @throws ServiceUnavailableException */
export async function orServiceUnavailable<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof HttpException) throw error;
    const obeyed =
      error instanceof CacheError && error.code === 'CACHE_STAMP_FAILED'
        ? ' This node applied it; the other nodes could not be notified.'
        : '';
    throw new ServiceUnavailableException(
      `${what} failed: Redis does not respond.${obeyed} Please try again in a moment.`,
      {
        cause: error,
      },
    );
  }
}
