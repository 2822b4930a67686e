/**
 * Which way the arrows of the house point. Every rule has a reason: see `comment`.
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one concept, or have a third one to find.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'caching-knows-nobody',
      comment: 'src/caching can be lifted into another Nest application only while it imports nothing of this one.',
      severity: 'error',
      from: { path: '^src/caching/' },
      to: { path: '^src/', pathNot: '^src/caching/' },
    },
    {
      name: 'one-door',
      comment: 'A module is used through its index.ts alone, so that what lies behind it stays free to change.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'ground-floor',
      comment: 'config, http and database carry the features; they know none of them.',
      severity: 'error',
      from: { path: '^src/(config|http|database)/' },
      to: { path: '^src/(products|account|rates|auth|health)/' },
    },
    {
      name: 'ground-floor-without-caches',
      comment: 'The same for the cache; but a migration may make its triggers, as it may make any table.',
      severity: 'error',
      from: { path: '^src/(config|http|database)/', pathNot: '^src/database/migrations/' },
      to: { path: '^src/caching/' },
    },
    {
      name: 'modules-meet-in-app-module',
      comment: 'Only the bootstrap files may know everybody; nobody may know them.',
      severity: 'error',
      from: { path: '^src/[^/]+/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'no-test-code-in-src',
      comment: 'The service ships without its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'one-file-knows-redis-yet',
      comment: 'cache-manager-redis-yet is deprecated upstream; replacing it must touch one file.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/caching/store/redis-yet\\.ts$' },
      to: { path: 'cache-manager-redis-yet' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default', 'types'] },
  },
};
