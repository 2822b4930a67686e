const MAX_MESSAGE = 1_000;
const MAX_STACK = 4_000;
const MAX_CAUSES = 3;

/** What the log keeps of an error. */
export interface LoggedError {
  type: string;
  message: string;
  code?: unknown;
  stack?: string;
  cause?: unknown;
}

/**
 * An error without what libraries hang on it: a driver's error carries the statement and its parameters, a client's the request and
 * its headers. Message and stack are cut. What is not an error is kept as it is.
 */
export function boundedError(error: unknown, causes = MAX_CAUSES): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const logged: LoggedError = { type: name, message: cut(message, MAX_MESSAGE) };
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) logged.code = error.code;
  if (stack !== undefined) logged.stack = cut(stack, MAX_STACK);
  if (cause instanceof Error && causes > 0) logged.cause = boundedError(cause, causes - 1);
  return logged;
}

/** @param length in UTF-16 units */
export function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length).toWellFormed()}…` : text;
}
