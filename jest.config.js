const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const DOOR = 'src/caching/index.ts';
const read = (file) => readFileSync(join(__dirname, file), 'utf8');

/** How src/ is compiled, but that a suite loads, of all that the door of the cache leads to, only what it asks for: most ask for little. */
function lazyDoor() {
  const swc = JSON.parse(read('.swcrc'));
  const behind = [...read(DOOR).matchAll(/ from '(.+)'/g)].map(([, path]) => path);
  return { ...swc, module: { ...swc.module, lazy: [...swc.module.lazy, ...behind] } };
}

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/machine/environment.ts',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // For `npm run test:slow`.
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.spec\\.ts$'],
  transform: { [`/${DOOR}$`]: ['@swc/jest', lazyDoor()], '^.+\\.ts$': '@swc/jest' },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // For two cores: while one suite waits for a server of its own, two others run.
  maxWorkers: 3,
  // A worker keeps something of every suite that it has run, and collecting that garbage takes longer than starting a new one.
  workerIdleMemoryLimit: '400MB',
  // No claim here is about seconds; a busy machine may take its time.
  testTimeout: 300_000,
};
