/** Purges one edge. One file for each kind of edge; `createPurger` chooses. */
export interface Purger {
  /**
   * Resolves when the edge has confirmed that it dropped every response with one of these tags.
   * @param tags as `withKinds` returned them: ASCII, no spaces or commas, at most 128 characters each, any number
   * @throws PurgeError
   */
  purge(tags: readonly string[]): Promise<void>;
  /** Resolves when the edge has dropped all responses of the application. @throws PurgeError */
  purgeEverything(): Promise<void>;
}

/** A purge failed. The message has the edge's URL and its response; never a token. */
export class PurgeError extends Error {
  override readonly name = 'PurgeError';

  constructor(
    message: string,
    /** ms to wait before the next call (Retry-After). */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
