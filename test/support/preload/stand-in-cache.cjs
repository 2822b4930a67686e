/**
 * Loaded with --require into a real node: caches the service's reads in the real store, under the tags of product.tags.ts, by the
 * shortest possible way. It stands where the query cache will, so that eviction can be checked without it.
 */
const { CacheStack } = require('../../../dist/caching');
const { ProductsService } = require('../../../dist/products/products.service');
const { AccountService } = require('../../../dist/account/account.service');
const tags = require('../../../dist/products/product.tags');
const { ALL_WATCHLISTS, watchlistTag } = require('../../../dist/account/watchlist.tags');

const shared = {};
const start = CacheStack.prototype.start;
CacheStack.prototype.start = function () {
  shared.stack = this;
  return start.call(this);
};

function cached(owner, method, tagsOf) {
  const original = owner.prototype[method];
  owner.prototype[method] = async function (...args) {
    const load = async () => {
      const value = await original.apply(this, args);
      return { body: JSON.stringify(value), tags: tagsOf(args, value) };
    };
    const { entry, outcome } = await shared.stack.store.getOrLoad(`${method}:${JSON.stringify(args)}`, {}, load);
    // What is old because loading failed would have to be marked, and there is nobody here to mark it.
    if (outcome === 'grace') throw new Error('Connection terminated: no grace in this stand-in');
    return JSON.parse(entry.body);
  };
}

cached(ProductsService, 'get', ([id]) => [tags.ALL_PRODUCTS, tags.productTag(id)]);
cached(ProductsService, 'list', ([{ page: _page, page_size: _size, ordering, ...filter }], { results }) => [
  ...tags.listTags(filter, ordering),
  ...tags.shownTags(results),
]);
cached(ProductsService, 'featured', (_args, { results }) => [...tags.featuredTags(), ...tags.shownTags(results)]);
cached(ProductsService, 'stats', () => tags.statsTags());
cached(AccountService, 'dashboard', ([user], { results }) => [
  ALL_WATCHLISTS,
  watchlistTag(user),
  ...tags.shownTags(results),
]);
