import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { CachesRows, EvictsTags, field } from '../caching';
import { evictedBy, ProductRow, productTag } from './product.tags';

/**
 * numeric columns arrive as text. Twelve digits fit a double exactly, so they become numbers here, and leave as the same
 * decimals: nothing is lost as long as no code calculates with them.
 */
const decimal = { to: (value: unknown) => value, from: (text: string) => Number(text) };

@Entity('products')
@EvictsTags<ProductRow>(({ before, after }) => evictedBy(before, after))
@CachesRows({
  name: 'product',
  table: 'products',
  key: { id: 'integer' },
  tag: productTag,
  fields: {
    id: field.integer('id'),
    name: field.text('name'),
    price: field.decimal('price'),
    description: field.text('description'),
    category: field.text('category'),
    stock: field.integer('stock'),
    rating: field.decimal('rating'),
    created_at: field.instant('created_at'),
    updated_at: field.instant('updated_at'),
  },
})
export class Product {
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @Column({ length: 200 })
  name!: string;

  @Column('numeric', { precision: 12, scale: 2, transformer: decimal })
  price!: number;

  @Column('text')
  description!: string;

  @Column({ length: 100 })
  category!: string;

  @Column('integer')
  stock!: number;

  @Column('numeric', { precision: 3, scale: 2, transformer: decimal })
  rating!: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** Set by a trigger, for every writer. */
  @Column({
    name: 'updated_at',
    type: 'timestamptz',
    precision: 3,
    default: () => 'now()',
    insert: false,
    update: false,
  })
  updatedAt!: Date;
}
