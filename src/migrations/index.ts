import { Catalogue1764000000000 } from './1764000000000-catalogue';
import { CacheOutbox1764000000001 } from './1764000000001-cache-outbox';
import { CachePurges1764000000002 } from './1764000000002-cache-purges';
import { OutboxById1764000000003 } from './1764000000003-outbox-by-id';
import { ProductsForConsumers1764000000010 } from './1764000000010-products-for-consumers';
import { IdempotencyKeys1764000000011 } from './1764000000011-idempotency-keys';
import { CacheCapture1764000000012 } from './1764000000012-cache-capture';
import { ProductTotals1764000000013 } from './1764000000013-product-totals';
import { PriceTotals1764000000014 } from './1764000000014-price-totals';

/** In the order they run. */
export const migrations = [
  Catalogue1764000000000,
  CacheOutbox1764000000001,
  CachePurges1764000000002,
  OutboxById1764000000003,
  ProductsForConsumers1764000000010,
  IdempotencyKeys1764000000011,
  CacheCapture1764000000012,
  ProductTotals1764000000013,
  PriceTotals1764000000014,
];
