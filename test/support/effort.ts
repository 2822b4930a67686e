/** Whether this is `npm run test:slow`. */
const isSlow = process.env.TEST_SLOW === 'yes';

/** How often to try what only many tries can show: `usual` times in `npm test`, and `thorough` times in `npm run test:slow`. */
export function effort(usual: number, thorough: number): number {
  return isSlow ? thorough : usual;
}
