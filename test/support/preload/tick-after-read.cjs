/** A planted bug: the tick is taken when the source has answered (against Law 1). */
const { DependencyTracker } = require('../../../dist/caching');

const run = DependencyTracker.prototype.run;
DependencyTracker.prototype.run = async function (work) {
  const result = await run.call(this, work);
  await new Promise((resolve) => setTimeout(resolve, 50));
  Object.assign(result.gathered, this.clock.instant());
  return result;
};
