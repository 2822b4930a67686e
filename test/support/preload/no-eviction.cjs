/** The service as it would be without any eviction: nothing waits, nothing drains. What writes are compared with. */
const { EvictionSubscriber } = require('../../../dist/caching/eviction/eviction.subscriber');
const { OutboxWatch } = require('../../../dist/caching/eviction/watch');
const { TagRules } = require('../../../dist/caching/eviction/tag-rules');

EvictionSubscriber.prototype.beforeQuery = () => undefined;
EvictionSubscriber.prototype.afterQuery = () => undefined;
OutboxWatch.prototype.start = () => undefined;
TagRules.prototype.requireTriggers = () => Promise.resolve();
