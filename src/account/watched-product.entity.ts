import { CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { EvictsTags } from '../caching';
import { Product } from '../products';
import { watchlistEvictedBy, WatchlistRow } from './watchlist.tags';

/** One line of a user's watchlist. It goes with its product. */
@Entity('watchlist')
@EvictsTags<WatchlistRow>(watchlistEvictedBy)
export class WatchedProduct {
  @PrimaryColumn({ name: 'user_id', length: 200 })
  userId!: string;

  @PrimaryColumn({ name: 'product_id', type: 'integer' })
  productId!: number;

  @CreateDateColumn({ name: 'added_at', type: 'timestamptz', precision: 3 })
  addedAt!: Date;

  @ManyToOne(() => Product, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'product_id' })
  product!: Product;
}
