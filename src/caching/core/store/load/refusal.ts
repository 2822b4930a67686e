/** Names of TypeORM's and validators' errors that describe the data. Compared by name, so that core imports neither library. */
const REFUSALS = new Set(['EntityNotFoundError', 'ValidationError', 'ZodError']);

/**
 * Whether an error is the response of a healthy source (not found, forbidden, gone, invalid) instead of a failure. A refusal is
 * thrown on and never replaced by grace. Connection faults, deadlines, 5xx and unknown errors are failures.
 */
export function isRefusal(error: unknown): boolean {
  if (Array.isArray(error)) return error.length > 0 && error.every(isRefusal);
  if (!(error instanceof Error)) return isValidation(error);
  if (REFUSALS.has(error.name) || REFUSALS.has(error.constructor.name)) return true;
  const status = statusOf(error);
  return status !== undefined && status >= 400 && status < 500;
}

/** Nest's HttpException has `getStatus()`, http-errors and Fastify have `statusCode`. */
function statusOf(error: Error): number | undefined {
  const { getStatus, statusCode } = error as { getStatus?: unknown; statusCode?: unknown };
  const status: unknown = typeof getStatus === 'function' ? getStatus.call(error) : statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** class-validator's ValidationError does not extend Error. */
function isValidation(error: unknown): boolean {
  return typeof error === 'object' && error !== null && error.constructor?.name === 'ValidationError';
}
