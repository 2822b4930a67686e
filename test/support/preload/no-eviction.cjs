/** The service as it would be without any eviction: nothing waits, nothing drains. What writes are compared with. */
const { EvictionSubscriber } = require('../../../dist/caching/write/drain/eviction.subscriber');
const { Drainer } = require('../../../dist/caching/write/drain/drainer');
const { OutboxPoller } = require('../../../dist/caching/write/drain/outbox-poller');
const { TagRules } = require('../../../dist/caching/write/capture/tag-rules');

EvictionSubscriber.prototype.beforeQuery = () => undefined;
EvictionSubscriber.prototype.afterQuery = () => undefined;
Drainer.prototype.drain = () => Promise.resolve();
OutboxPoller.prototype.start = () => undefined;
TagRules.prototype.requireTriggers = () => Promise.resolve();
// Nothing is drained, so nothing could be proved: only the clock's word is left.
const { Trust } = require('../../../dist/caching/core/clock/trust');
Trust.prototype.requireProof = () => undefined;
