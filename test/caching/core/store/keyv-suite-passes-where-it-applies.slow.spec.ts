import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PACKAGES = ['keyv@5.6.0', '@keyv/test-suite@2.1.2', 'vitest@4.0.8'];

/** Runs Keyv's own suite for stores on the store of CACHE_MANAGER, as `npm run build` made it. */
const RUNNER = `
import { createRequire } from 'node:module';
import * as vitest from 'vitest';
import { Keyv } from 'keyv';
import suite, { keyvIteratorTests } from '@keyv/test-suite';

const built = createRequire('${resolve('dist/caching')}/');
const { CacheStack } = built('./core/cache-stack.js');
const { CacheEventBus } = built('./caching.events.js');
const { resolveOptions } = built('./caching.options.js');
const { createTieredCache } = built('./cache-manager.js');

let store;
vitest.beforeEach(() => (store = undefined));
const made = () => (store ??= createTieredCache(new CacheStack(resolveOptions({}), new CacheEventBus()), 60_000).stores[0].store);
// CACHE_MANAGER's Keyv has no serializer: its store makes text of values.
class PlainKeyv extends Keyv {
  constructor(options) {
    super(options?.store ? { serialize: undefined, deserialize: undefined, ...options } : options);
  }
}
suite(vitest, PlainKeyv, made);
keyvIteratorTests(vitest, PlainKeyv, made);
`;

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly { assertionResults: readonly { fullName: string; status: string }[] }[];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyv-suite-'));
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES], { cwd: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('all tests pass but those of a namespace alone and of an iterator', () => {
  writeFileSync(join(folder, 'keyv.test.js'), RUNNER);
  const report = join(folder, 'report.json');
  // It exits with 1, as some tests do not apply: docs/same-responses.md says which and why.
  spawnSync('npx', ['vitest', 'run', '--reporter=json', `--outputFile=${report}`], { cwd: folder });
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((one) => one.status !== 'passed'),
  );
  expect(failed.map(({ fullName }) => fullName).sort()).toEqual([
    '.iterator() returns an asyncIterator',
    "iterator() doesn't yield expired values, and deletes them",
    "iterator() doesn't yield values from other namespaces",
    'iterator() iterates over all values',
    'namespaced clear only clears current namespace',
  ]);
  expect(numPassedTests).toBe(37);
});
