/** Tells one edge to drop what it keeps. One file for each kind; `createPurger` chooses. */
export interface Purger {
  /**
   * Resolves when the edge has said that it dropped every answer that carries one of these tags.
   * @param tags as `withKinds` gave them: ASCII, no spaces or commas, at most 128 characters each, any number
   * @throws PurgeError
   */
  purge(tags: readonly string[]): Promise<void>;
  /** Resolves when the edge has dropped everything of ours. @throws PurgeError */
  purgeEverything(): Promise<void>;
}

/** An edge could not be told. The message names its address and what it said; never a token. */
export class PurgeError extends Error {
  override readonly name = 'PurgeError';

  constructor(
    message: string,
    /** Milliseconds that the edge wants to be left alone for (Retry-After). */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
