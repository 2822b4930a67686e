const usual = require('./jest.config');

process.env.TEST_SLOW = 'yes';

/**
 * `npm run test:slow`: what breaks things for minutes, builds whole applications, or tries a claim of `npm test` ten times as often
 * (test/support/effort.ts).
 * @type {import('jest').Config}
 */
module.exports = {
  ...usual,
  testMatch: [
    '**/*.slow.spec.ts',
    '**/view-keys-stay-bounded-under-a-flood.spec.ts',
    '**/l1-size-matches-the-heap.spec.ts',
    '**/stale-value-is-served-in-no-interleaving.spec.ts',
    '**/crash-recovery-of-postgres-hides-no-write.spec.ts',
    '**/staleness-is-zero-or-bounded.spec.ts',
    '**/users-never-see-each-other.spec.ts',
  ],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 900_000,
};
