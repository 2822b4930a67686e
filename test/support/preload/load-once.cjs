/**
 * Lets the many processes of a test run find, read and compile each file of the checkout once: half of what a start takes. The first
 * process of a program that ends writes what it has learnt into the folder LOADED_ONCE; later ones take it from there. The folder is the
 * run's own, so nothing in it is older than the build.
 *
 * All packages are one script: V8 takes one large script out of its code cache in a fifth of the time of three thousand small ones. A file
 * of our own stays a script of its own, so that stacks name its lines.
 */
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { basename, dirname, join, sep } = require('node:path');
const { deserialize, serialize } = require('node:v8');
const { Script } = require('node:vm');
const { isMainThread } = require('node:worker_threads');

const ROOT = join(__dirname, '../../..') + sep;
const PACKAGES = join(ROOT, 'node_modules') + sep;
const { LOADED_ONCE } = process.env;

/** Files that are one script, whose value is the list of their functions. */
class Group {
  functions;
  script;
  /** How many of the files this process has run. */
  ran = 0;

  /** @param warmth how many the process had run that made the code: with each, more functions are compiled */
  constructor({ name, files, encoding, source, code, warmth }) {
    Object.assign(this, { name, files, encoding, source, code, warmth });
  }

  static of(name, sources) {
    const text = [...sources.values()].map((source) => `${Module.wrap(source).replace(/;$/, '')},`).join('\n');
    // A string of bytes takes half of the memory, and V8 need not copy it.
    const encoding = /^[\0-\xff]*$/.test(text) ? 'latin1' : 'utf16le';
    const group = { name, files: [...sources.keys()], encoding, source: Buffer.from(`[${text}]`, encoding), warmth: 0 };
    return new Group({ ...group, code: new Group(group).compile().createCachedData() });
  }

  compile() {
    this.script = new Script(this.source.toString(this.encoding), { filename: this.name, cachedData: this.code });
    return this.script;
  }

  take(index) {
    this.functions ??= this.compile().runInThisContext();
    this.ran += 1;
    return this.functions[index];
  }

  /** What is written. */
  get stored() {
    const { name, files, encoding, source, code, warmth } = this;
    return { name, files, encoding, source, code, warmth };
  }
}

function read(file) {
  return existsSync(file) ? deserialize(readFileSync(file)) : { paths: new Map(), groups: [] };
}

function loadOnce(file) {
  const { paths, groups } = read(file);
  const known = new Map();
  const ours = groups.map((group) => new Group(group));
  for (const group of ours) group.files.forEach((name, index) => known.set(name, { group, index }));
  const newPaths = new Map();
  const newSources = new Map();

  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...rest) {
    const from = parent?.filename;
    if (!from?.startsWith(ROOT) || rest.some(Boolean) || Module.isBuiltin(request)) {
      return resolve.call(this, request, parent, ...rest);
    }
    const key = `${parent.path}\0${request}`;
    const path = paths.get(key);
    if (path !== undefined) return path;
    // One that was loaded below has none yet.
    parent.paths ??= Module._nodeModulePaths(parent.path);
    const found = resolve.call(this, request, parent, ...rest);
    if (found.startsWith(ROOT)) newPaths.set(key, found);
    return found;
  };

  // What Module._load and load do, without their looks at the disk.
  const load = Module._load;
  Module._load = function (request, parent, isMain) {
    const path = parent ? paths.get(`${parent.path}\0${request}`) : undefined;
    if (path === undefined) return load.call(this, request, parent, isMain);
    const cached = Module._cache[path];
    if (cached) return cached.exports;
    if (!known.has(path)) return load.call(this, path, parent, isMain);
    const module = new Module(path, parent);
    module.filename = path;
    Module._cache[path] = module;
    try {
      Module._extensions['.js'](module, path);
    } catch (error) {
      delete Module._cache[path];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  };

  const readPlain = Module._extensions['.js'];
  Module._extensions['.js'] = function (module, filename) {
    const { group, index } = known.get(filename) ?? {};
    if (!group) return readPlain.call(this, module, filename);
    const { exports } = module;
    group.take(index).call(exports, exports, requireOf(module), module, filename, module.path);
  };

  const compile = Module.prototype._compile;
  Module.prototype._compile = function (source, filename, format, ...rest) {
    // A dynamic import needs the loader of Node's own compilation.
    const isPlain = format !== 'module' && !source.startsWith('#!') && !source.includes('import(');
    if (isPlain && filename.startsWith(ROOT)) newSources.set(filename, source);
    return compile.call(this, source, filename, format, ...rest);
  };

  process.on('exit', () => {
    const warmer = new Map(ours.filter(({ ran, warmth }) => ran > warmth).map((group) => [group.name, group]));
    if (newPaths.size + newSources.size + warmer.size === 0) return;
    // Others may have written meanwhile.
    const latest = read(file);
    for (const group of latest.groups) {
      const { script, ran } = warmer.get(group.name) ?? { ran: 0 };
      if (ran > group.warmth) Object.assign(group, { code: script.createCachedData(), warmth: ran });
      for (const name of group.files) newSources.delete(name);
    }
    latest.groups.push(...grouped(newSources).map(({ stored }) => stored));
    for (const [key, path] of newPaths) latest.paths.set(key, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, serialize(latest));
    renameSync(`${file}.${process.pid}`, file);
  });
}

/** Each file of our own, and all packages. */
function grouped(sources) {
  const packages = new Map();
  const groups = [];
  for (const [name, source] of sources) {
    if (name.startsWith(PACKAGES)) packages.set(name, source);
    else groups.push(Group.of(name, new Map([[name, source]])));
  }
  if (packages.size > 0) groups.push(Group.of(`packages-of-${process.pid}`, packages));
  return groups;
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
