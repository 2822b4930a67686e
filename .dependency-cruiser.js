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
      name: 'caching-knows-no-application',
      comment:
        'src/caching is a package of its own (npm run pack:caching), and stays whole only while it imports nothing of this one.',
      severity: 'error',
      from: { path: '^src/caching/' },
      to: { path: '^src/', pathNot: '^src/caching/' },
    },
    {
      name: 'one-door',
      comment:
        'A module is used through its index.ts alone (caching has settings.ts as well), so that what lies behind it stays free to change.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/caching/settings\\.ts$'] },
    },
    {
      name: 'ground-floor',
      comment: 'config, http, database and migrations carry the features and know none of them.',
      severity: 'error',
      from: { path: '^src/(config|http|database|migrations)/' },
      to: { path: '^src/(products|account|rates|auth|health|idempotency|app|cli)/' },
    },
    {
      name: 'database-knows-no-tables',
      comment: 'A connection works for any schema: migrations and caches are handed to it.',
      severity: 'error',
      from: { path: '^src/database/' },
      to: { path: '^src/(caching|migrations|http)/' },
    },
    {
      name: 'http-knows-no-database-and-no-cache',
      comment: 'Problems, validation and pages can be used by any feature, with or without a database.',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(database|caching)/' },
    },
    {
      name: 'app-is-the-roof',
      comment: 'Only app/ and cli/ may know every module; no module may know them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/(app|cli)/' },
      to: { path: ['^src/[^/]+\\.ts$', '^src/(app|cli)/'] },
    },
    {
      name: 'read-knows-no-write',
      comment: 'A read falls and a write rises; both stand on core/ and can be read alone.',
      severity: 'error',
      from: { path: '^src/caching/read/' },
      to: { path: '^src/caching/write/' },
    },
    {
      name: 'write-knows-no-read',
      comment: 'A read falls and a write rises; both stand on core/ and can be read alone.',
      severity: 'error',
      from: { path: '^src/caching/write/' },
      to: { path: '^src/caching/read/' },
    },
    {
      name: 'core-knows-neither',
      comment: 'Store and clock serve reads and writes alike, and are tested without either.',
      severity: 'error',
      from: { path: '^src/caching/core/' },
      to: { path: '^src/caching/(read|write|edge|observe)/' },
    },
    {
      name: 'store-and-clock-are-plain',
      comment: 'The algorithm is readable and testable without Nest, HTTP or TypeORM.',
      severity: 'error',
      from: { path: '^src/caching/core/(store|clock)/' },
      to: { path: 'node_modules/(@nestjs|fastify|typeorm)/' },
    },
    {
      name: 'edge-knows-neither-way',
      comment: 'What shared caches are told is the same on reads and writes.',
      severity: 'error',
      from: { path: '^src/caching/edge/' },
      to: { path: '^src/caching/(read|write|observe)/' },
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
      from: { path: '^src/', pathNot: '^src/caching/core/store/tiers/redis-yet\\.ts$' },
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
