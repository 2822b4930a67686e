/** The service with one tag for the whole catalogue: whatever is written evicts all that was read from its table. */
const { tableTag } = require('../../../dist/caching');
const { TagRules } = require('../../../dist/caching/write/capture/tag-rules');

TagRules.prototype.tagsOf = (records) => [...new Set(records.map(({ table }) => tableTag(table)))];
