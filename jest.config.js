/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/machine/environment.ts',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // For `npm run test:slow`.
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.spec\\.ts$'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Two cores, and every spec may start servers of its own: more workers only make them starve each other.
  maxWorkers: 2,
  // A worker keeps something of every suite that it has run, and collecting that garbage takes longer than starting a new one.
  workerIdleMemoryLimit: '400MB',
  // No claim here is about seconds; a busy machine may take its time.
  testTimeout: 300_000,
};
