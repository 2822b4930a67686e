/** A planted bug: tags are stamped before the commit (against Law 4), and nothing is stamped after it. */
const { EvictionSubscriber } = require('../../../dist/caching/write/drain/eviction.subscriber');
const { Drainer } = require('../../../dist/caching/write/drain/drainer');
const { WriterWait } = require('../../../dist/caching/write/drain/writer-wait');
const outbox = require('../../../dist/caching/write/drain/outbox');
const { EdgeHeaders } = require('../../../dist/caching/edge/edge-headers');
const { CacheStack } = require('../../../dist/caching');

let clock;
const start = CacheStack.prototype.start;
CacheStack.prototype.start = function () {
  clock = this.clock;
  return start.call(this);
};
// Each write is in a transaction, and its records are read before the commit.
Object.defineProperty(EdgeHeaders.prototype, 'sendsGroups', { get: () => true });
EvictionSubscriber.prototype.note = async function (queryRunner) {
  const client = await queryRunner.connect();
  await clock.stamp(this.rules.tagsOf(await outbox.ownRecords(client)));
  await new Promise((resolve) => setTimeout(resolve, 5));
};
WriterWait.prototype.waitUntilStamped = () => Promise.resolve({ isStamped: true });
Drainer.prototype.stampRecords = () => Promise.resolve({ extra: '' });
