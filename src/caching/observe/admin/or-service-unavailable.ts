import { HttpException, ServiceUnavailableException } from '@nestjs/common';
import { CacheError } from '../../caching.errors';

/** For calls that ask Redis and nothing else. It is away, or did not acknowledge: not the caller's fault, and over when it is back. @throws ServiceUnavailableException */
export async function orServiceUnavailable<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof HttpException) throw error;
    const obeyed =
      error instanceof CacheError && error.code === 'CACHE_STAMP_FAILED'
        ? ' This node obeys already; the others could not be told.'
        : '';
    throw new ServiceUnavailableException(
      `${what} failed: Redis does not answer.${obeyed} Please try again in a moment.`,
      {
        cause: error,
      },
    );
  }
}
