/** What the columns of `products` hold. */
export const MAX_ID = 2_147_483_647;
export const MAX_STOCK = 2_147_483_647;
export const MAX_PRICE = 9_999_999_999.99;
export const MAX_RATING = 5;
export const MAX_NAME = 200;
export const MAX_DESCRIPTION = 10_000;
/** A category is part of cache tags and addresses, so it is a slug. */
export const CATEGORY = /^(?=.{1,100}$)[a-z0-9]+(-[a-z0-9]+)*$/;
/** Rating from which a product is featured; the partial index `products_featured` is made for this very number. */
export const FEATURED_RATING = 4.5;
