import { ProductDto } from './dto/product.dto';

/**
 * RFC 9110 §8.8.2, in whole seconds. It informs; a 304 comes from the ETag alone, as two writes within one second have the same date
 * and the second would go unseen.
 */
export function lastModified({ updated_at }: Pick<ProductDto, 'updated_at'>): string {
  return new Date(updated_at).toUTCString();
}
