/** A machine so busy that a stamp takes longer than any deadline a drain gives itself. */
const { MemoryTagClock } = require('../../../dist/caching/core/clock/memory-tag-clock');

const { stamp } = MemoryTagClock.prototype;
MemoryTagClock.prototype.stamp = async function (tags) {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  return stamp.call(this, tags);
};
