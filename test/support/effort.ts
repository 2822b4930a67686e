/** Whether this is `npm run test:slow`. */
const isSlow = process.env.TEST_SLOW === 'yes';

/**
 * How often to try what only many tries can show, or which of many cases: `usual` in `npm test`, `thorough` in `npm run test:slow`,
 * which runs every suite that asks this.
 */
export function effort<T>(usual: T, thorough: T): T {
  return isSlow ? thorough : usual;
}
