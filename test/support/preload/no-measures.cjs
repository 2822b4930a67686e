/** The service as it would be if nobody counted or timed anything: what telemetry is compared with. */
const prometheus = require('prom-client');
const { CacheEventBus } = require('../../../dist/caching/caching.events');
const { Measures } = require('../../../dist/caching/telemetry/measures');

CacheEventBus.prototype.on = () => () => true;
Measures.prototype.onModuleInit = () => undefined;
prometheus.collectDefaultMetrics = () => undefined;
