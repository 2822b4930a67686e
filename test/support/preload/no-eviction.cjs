/** The service as it would be without any eviction: nothing waits, nothing drains. What writes are compared with. */
const { EvictionSubscriber } = require('../../../dist/caching/eviction/eviction.subscriber');
const { Drainer } = require('../../../dist/caching/eviction/drainer');
const { OutboxWatch } = require('../../../dist/caching/eviction/watch');
const { TagRules } = require('../../../dist/caching/eviction/tag-rules');

EvictionSubscriber.prototype.beforeQuery = () => undefined;
EvictionSubscriber.prototype.afterQuery = () => undefined;
Drainer.prototype.drain = () => Promise.resolve();
OutboxWatch.prototype.start = () => undefined;
TagRules.prototype.requireTriggers = () => Promise.resolve();
