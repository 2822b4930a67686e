const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const usual = require('./jest.config');

const TESTS = join(__dirname, 'test');

/** What a suite says that tries less in `npm test`: itself (test/support/effort.ts), or through what asks for it. */
const TRIES_LESS = /support\/effort'|\b(?:onEveryBackend|edges)\(/;

function suitesOfTwoEfforts() {
  return readdirSync(TESTS, { recursive: true })
    .filter((file) => file.endsWith('.spec.ts') && TRIES_LESS.test(readFileSync(join(TESTS, file), 'utf8')))
    .map((file) => `**/test/${file.replaceAll('\\', '/')}`);
}

process.env.TEST_SLOW = 'yes';

/**
 * `npm run test:slow`: what breaks things for minutes, builds whole applications, or tries a claim of `npm test` ten times as often
 * (test/support/effort.ts).
 * @type {import('jest').Config}
 */
module.exports = {
  ...usual,
  testMatch: ['**/*.slow.spec.ts', ...suitesOfTwoEfforts()],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 900_000,
};
