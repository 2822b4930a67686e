/**
 * Lets the many processes of a test run find, read and compile each file of the checkout once: a third of what a start takes. The first
 * process of a program that ends writes what it has learnt into the folder LOADED_ONCE; later ones take it from there. The folder is the
 * run's own, so nothing in it is older than the build.
 */
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { basename, dirname, join, sep } = require('node:path');
const { deserialize, serialize } = require('node:v8');
const { Script } = require('node:vm');
const { isMainThread } = require('node:worker_threads');

const ROOT = join(__dirname, '../../..') + sep;
const { LOADED_ONCE } = process.env;

function loadOnce(file) {
  const known = existsSync(file) ? deserialize(readFileSync(file)) : { paths: new Map(), files: new Map() };
  const scripts = new Map();
  let isNew = false;

  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...rest) {
    const from = parent?.filename;
    if (!from?.startsWith(ROOT) || rest.some(Boolean) || Module.isBuiltin(request)) {
      return resolve.call(this, request, parent, ...rest);
    }
    const key = `${dirname(from)}\0${request}`;
    const path = known.paths.get(key);
    if (path !== undefined) return path;
    const found = resolve.call(this, request, parent, ...rest);
    if (found.startsWith(ROOT)) {
      known.paths.set(key, found);
      isNew = true;
    }
    return found;
  };

  const read = Module._extensions['.js'];
  Module._extensions['.js'] = function (module, filename) {
    const source = known.files.get(filename)?.source;
    if (source === undefined) read.call(this, module, filename);
    else module._compile(source, filename, 'commonjs');
  };

  const compile = Module.prototype._compile;
  Module.prototype._compile = function (source, filename, format, ...rest) {
    // A dynamic import needs the loader of Node's own compilation.
    const isPlain = format !== 'module' && !source.startsWith('#!') && !source.includes('import(');
    if (!isPlain || !filename.startsWith(ROOT)) return compile.call(this, source, filename, format, ...rest);
    const cachedData = known.files.get(filename)?.code;
    const script = new Script(Module.wrap(source), { filename, cachedData });
    if (!cachedData || script.cachedDataRejected) scripts.set(filename, { source, script });
    const wrapped = script.runInThisContext();
    return wrapped.call(this.exports, this.exports, requireOf(this), this, filename, dirname(filename));
  };

  process.on('exit', () => {
    if (!isNew && scripts.size === 0) return;
    for (const [filename, { source, script }] of scripts) {
      known.files.set(filename, { source, code: script.createCachedData() });
    }
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, serialize(known));
    renameSync(`${file}.${process.pid}`, file);
  });
}

function requireOf(module) {
  const require = (id) => module.require(id);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.main = process.mainModule;
  require.extensions = Module._extensions;
  require.cache = Module._cache;
  return require;
}

if (LOADED_ONCE && isMainThread && process.argv[1]) loadOnce(join(LOADED_ONCE, basename(process.argv[1])));
