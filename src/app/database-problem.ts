import { databaseFault, ReadRefusedError } from '../database';
import { Problem } from '../http';

const REFUSALS = {
  busy: 'Too many requests of this kind are under way. Please try again in a moment.',
  slow: 'This takes too long. Please narrow it: more words, longer ones, or a category.',
  late: 'The database does not respond in time. Please try again in a moment.',
  abandoned: 'The client closed the connection.',
};

/** The problem that a driver error means to the caller of the API; undefined when the database did not raise the error. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (error instanceof ReadRefusedError) {
    return new Problem(503, REFUSALS[error.reason], { headers: { 'retry-after': String(error.retryAfter) } });
  }
  const fault = databaseFault(error);
  switch (fault) {
    case 'unavailable':
      return new Problem(503, 'The database does not respond. Please try again in a moment.', {
        headers: { 'retry-after': '5' },
      });
    case 'bad-value':
      return new Problem(400, 'A value does not fit: too large, too small or of the wrong form.');
    case undefined:
      return undefined;
    default:
      return fault satisfies never;
  }
}
