import type { EdgeGroups } from '../caching';
import { ALL_PRODUCTS } from '../products';
import { ALL_RATES } from '../rates';

const PRODUCT = /^product:[1-9]\d{0,9}$/;

/** Whatever says something about a product, or about lists of them. */
const ANY_PRODUCT = ['product:*', 'products:*'];

/**
 * The groups that docker/nginx keeps answers in, by their addresses: `product:42` is that product's page, `products` all other answers
 * below /api/products, `rates` the exchange rates. Prices may be converted, so every group of products depends on the rates too.
 */
export const edgeGroups: EdgeGroups = {
  tagsOf(group) {
    if (PRODUCT.test(group)) return [group, ALL_PRODUCTS, ALL_RATES];
    if (group === 'products') return [...ANY_PRODUCT, ALL_PRODUCTS, ALL_RATES];
    return group === 'rates' ? [ALL_RATES] : undefined;
  },
  groupsOf(tag) {
    if (PRODUCT.test(tag)) return [tag, 'products'];
    if (tag === ALL_RATES) return ['rates', 'products'];
    if (tag === '*') return ['products', 'rates'];
    return tag === ALL_PRODUCTS || tag.split(':')[0] === 'products' ? ['products'] : [];
  },
};
