// Runs http-tests/cache-tests through the shipped nginx or Varnish: `node tools/edge-conformance.mjs nginx|varnish [repository]`.
// Nothing of it is in this project: it is cloned into a temporary folder. Prints each required test that does not pass, and how many do.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMIT = 'b55b8bd';
const [, , name, repository = 'https://github.com/http-tests/cache-tests.git'] = process.argv;
const require = createRequire(import.meta.url);
require('../test/support/swc-register.cjs');
const edges = {
  nginx: () => require('../test/support/nginx.ts').Nginx,
  varnish: () => require('../test/support/varnish.ts').Varnish,
};
if (!Object.hasOwn(edges, name)) throw new RangeError('Say which edge: nginx or varnish');

const folder = mkdtempSync(join(tmpdir(), 'strata-cache-tests-'));
const quiet = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
try {
  execFileSync('git', ['clone', '--quiet', repository, '.'], quiet);
  execFileSync('git', ['checkout', '--quiet', COMMIT], quiet);
  execFileSync('npm', ['install', '--no-save', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], quiet);
  await run();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function run() {
  const origin = await startOrigin();
  const edge = await edges[name]().start([origin.address().port]);
  try {
    const suites = (await load('tests/index.mjs')).default;
    suites.flatMap(({ tests }) => tests).forEach(speakAsNodes);
    const { runTests, getResults } = await load('test-engine/client/runner.mjs');
    await runTests(suites, false, edge.url);
    await report(suites, getResults());
  } finally {
    await edge.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

function load(file) {
  return import(join(folder, file));
}

/** Their server, which is healthy too. */
async function startOrigin() {
  const handlers = {};
  for (const kind of ['config', 'state', 'test']) {
    handlers[kind] = (await load(`test-engine/server/handle-${kind}.mjs`)).default;
  }
  const server = createServer((request, response) => {
    const [, kind, ...rest] = new URL(request.url, 'http://origin').pathname.split('/');
    if (handlers[kind]) handlers[kind](rest, request, response);
    else response.writeHead(200, { 'cache-control': 'no-store' }).end('ok');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Our nodes write s-maxage last, and the edges remove it: so it is moved there, and clients need not get it. */
function speakAsNodes({ requests }) {
  for (const request of requests) {
    request.response_headers = request.response_headers?.map((header) => {
      const [field, value] = header;
      if (!/^cache-control$/i.test(field) || !/s-maxage/i.test(value)) return header;
      const directives = value.split(',').map((directive) => directive.trim());
      const isLast = (directive) => /^s-maxage/i.test(directive);
      return [field, [...directives.filter((one) => !isLast(one)), ...directives.filter(isLast)].join(', '), false];
    });
    if (request.response_headers === undefined) delete request.response_headers;
  }
}

async function report(suites, results) {
  const { determineTestResult, resultTypes } = await load('test-engine/lib/results.mjs');
  const required = suites
    .flatMap(({ tests }) => tests)
    .filter(({ kind = 'required', browser_only: browser }) => kind === 'required' && !browser);
  const failed = required.filter(({ id }) => determineTestResult(suites, id, results) !== resultTypes.pass);
  for (const { id } of failed) {
    const result = results[id];
    console.log(`${id}: ${result === true ? 'a test that it depends on fails' : result[1]}`);
  }
  console.log(`${name}: ${required.length - failed.length} of ${required.length} required tests pass`);
}
