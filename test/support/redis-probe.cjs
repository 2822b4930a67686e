'use strict';
/** A node of its own process (so that NODE_EXTRA_CA_CERTS counts): `node redis-probe.cjs URL` prints what became of it as JSON. */
const { CacheEventBus, CacheStack } = require('../../dist/caching');
const { resolveOptions } = require('../../dist/caching/caching.options');

async function probe(url) {
  const options = resolveOptions({ prefix: 'probe', l2Timeout: '5s', redis: { url } });
  const stack = new CacheStack(options, new CacheEventBus());
  try {
    await stack.start();
    const { fault } = stack.redis;
    if (fault !== undefined) return { fault };
    await stack.store.getOrLoad('key', { tags: ['tag'] }, () => Promise.resolve({ body: 'value' }));
    await stack.store.idle();
    stack.l1.clear();
    const { tier } = await stack.store.getOrLoad('key', {}, () => Promise.resolve({ body: 'other' }));
    const before = stack.clock.instant();
    await stack.clock.stamp(['tag']);
    return { tier, ticks: stack.clock.instant().tick - before.tick };
  } finally {
    await stack.stop();
  }
}

probe(process.argv[2]).then(
  (result) => console.log(JSON.stringify(result)),
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
