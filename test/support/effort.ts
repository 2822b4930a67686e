/** Whether this is `npm run test:slow`. */
const isSlow = process.env.TEST_SLOW === 'yes';

/**
 * How often to try what only many tries can show, or which of many cases: `usual` in `npm test`, `thorough` in `npm run test:slow`,
 * which runs every suite that asks this.
 */
export function effort<T>(usual: T, thorough: T): T {
  return isSlow ? thorough : usual;
}

/** Tests that only `npm run test:slow` has: what costs much, of a kind that `npm test` has an example of. */
export const slowIt: jest.It = only(() => it);
export const slowDescribe: jest.Describe = only(() => describe);

function only<T extends jest.It | jest.Describe>(thorough: () => T): T {
  const nothing = Object.assign(() => undefined, { each: () => () => undefined });
  return effort(() => nothing as unknown as T, thorough)();
}
