/** Packages that an application shares with the cache: two copies of one would not know each other's classes and tokens. */
const PEERS = {
  '@nestjs/cache-manager': '^3.1.0 || ^12.0.0',
  '@nestjs/common': '^11.0.0 || ^12.0.0',
  '@nestjs/core': '^11.0.0 || ^12.0.0',
  '@nestjs/platform-fastify': '^11.0.0 || ^12.0.0',
  '@nestjs/swagger': '^11.0.0 || ^12.0.0',
  '@opentelemetry/api': '^1.9.0',
  'class-transformer': '^0.5.1',
  'class-validator': '^0.14.0 || ^0.15.0',
  fastify: '^5.0.0',
  pg: '^8.16.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.1',
  typeorm: '^1.0.0',
};
/** Types that the declarations import, of packages that bring none. */
const TYPES = ['@types/pg'];

/**
 * The package.json of the cache as a package of its own.
 * @param root package.json of this repository
 * @param imported names of the packages that the compiled code imports
 */
export function manifestOf(root, imported) {
  const own = [...imported].filter((name) => PEERS[name] === undefined);
  const missing = own.filter((name) => root.dependencies[name] === undefined);
  if (missing.length > 0) throw new Error(`src/caching imports what package.json does not have: ${missing.join(', ')}`);
  const ranges = [...own, ...TYPES]
    .sort()
    .map((name) => [name, `^${root.dependencies[name] ?? root.devDependencies[name]}`]);
  return {
    name: 'strata-caching',
    version: root.version,
    description: 'A two-tier cache for NestJS in which a committed write invalidates exactly what it changed.',
    license: root.license,
    type: 'commonjs',
    main: './index.js',
    types: './index.d.ts',
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    engines: root.engines,
    dependencies: Object.fromEntries(ranges),
    peerDependencies: PEERS,
  };
}
