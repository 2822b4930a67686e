/** A planted bug: the clock's word alone is enough (against Law 6). */
const { Trust } = require('../../../dist/caching/core/clock/trust');

Trust.prototype.requireProof = () => undefined;
Trust.prototype.prove = () => Promise.resolve();
Trust.prototype.revoke = () => undefined;
