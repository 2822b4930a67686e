/**
 * The service with a switch: after each SIGUSR2 it counts and times nothing, or does so again. Two processes of one program differ by more than
 * what is measured here, so both sides are this one.
 */
const { CacheEventBus } = require('../../../dist/caching/caching.events');
const { RequestStats } = require('../../../dist/caching/observe/telemetry/request-stats');

let counting = true;
process.on('SIGUSR2', () => (counting = !counting));
for (const [prototype, name] of [
  [CacheEventBus.prototype, 'emit'],
  [RequestStats.prototype, 'add'],
]) {
  const original = prototype[name];
  prototype[name] = function (...args) {
    if (counting) original.apply(this, args);
  };
}
