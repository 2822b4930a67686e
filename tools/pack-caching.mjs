// Makes an installable tarball of src/caching from the compiled code in dist: `npm run pack:caching [-- --out FOLDER]`. Prints its path.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { manifestOf } from './pack/manifest.mjs';
import { linksOf, relink } from './pack/relink.mjs';

const { values } = parseArgs({ options: { out: { type: 'string', default: '.' } } });
const stage = mkdtempSync(join(tmpdir(), 'strata-caching-'));
try {
  copyCode();
  nameExports();
  writeTypes();
  copyDocuments();
  const root = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifestOf(root, importedPackages()), null, 2)}\n`);
  cpSync('LICENSE', join(stage, 'LICENSE'));
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  console.log(join(out, run('npm', ['pack', '--silent', stage, '--pack-destination', out]).trim()));
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** The very code that the service runs, and the console's page. What an older build has left in dist stays there. */
function copyCode() {
  for (const file of filesIn('dist/caching', '')) {
    const source = join('src/caching', file);
    if (existsSync(source) ? !statSync(source).isDirectory() : existsSync(source.replace(/\.js$/, '.ts'))) {
      mkdirSync(dirname(join(stage, file)), { recursive: true });
      const text = readFileSync(join('dist/caching', file), 'utf8');
      writeFileSync(join(stage, file), text.replace(/\n\/\/# sourceMappingURL=.*$/, '\n'));
    }
  }
}

/** ES modules import by name only what Node finds in the text of a CommonJS module; what the compiler writes hides the names. */
function nameExports() {
  const names = Object.keys(createRequire(import.meta.url)(resolve('dist/caching/index.js')));
  appendFileSync(
    join(stage, 'index.js'),
    `0 && (module.exports = { ${names.map((name) => `${name}: null`).join(', ')} });\n`,
  );
}

function writeTypes() {
  const flags = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--sourceMap', 'false'];
  run('npx', ['tsc', '-p', 'tools/pack/tsconfig.json', ...flags, '--outDir', stage]);
}

/** The folder's own documents at their places, and the pages of docs/ to which they lead. */
function copyDocuments() {
  const ours = filesIn('src/caching', '.md').map((file) => join('src/caching', file));
  const pages = ours
    .flatMap((file) => linksOf(readFileSync(file, 'utf8'), file))
    .filter((file) => /^docs\/.*\.md$/.test(file));
  const places = new Map([
    ...ours.map((file) => [file, file.slice('src/caching/'.length)]),
    ...pages.map((page) => [page, page]),
  ]);
  for (const [file, place] of places) {
    mkdirSync(join(stage, dirname(place)), { recursive: true });
    writeFileSync(join(stage, place), relink(readFileSync(file, 'utf8'), file, places));
  }
}

function importedPackages() {
  const code = filesIn(stage, '.js').map((file) => readFileSync(join(stage, file), 'utf8'));
  const names = code.flatMap((text) => [...text.matchAll(/require\("([@a-z][^"]*)"\)/g)].map(([, name]) => name));
  const packages = names.map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return new Set(packages.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name)));
}

function filesIn(folder, ending) {
  return readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(ending));
}

function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
