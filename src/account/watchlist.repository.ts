import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ReadGate } from '../database';
import { DashboardSummaryDto } from './dashboard.dto';
import { WatchedProduct } from './watched-product.entity';

@Injectable()
export class WatchlistRepository {
  constructor(
    @InjectRepository(WatchedProduct) private readonly watchlist: Repository<WatchedProduct>,
    @Inject(ReadGate) private readonly gate: ReadGate,
  ) {}

  async add(userId: string, productId: number): Promise<'watched' | 'unknown' | 'full'> {
    // In a transaction, as the removal is, so that the response can name the tags that it invalidated.
    const [row] = await this.watchlist.manager.transaction((manager) => {
      return manager.query<{ watched: boolean }[]>(ADD, [userId, productId, MAX_WATCHED]);
    });
    if (!row) return 'unknown';
    return row.watched ? 'watched' : 'full';
  }

  async remove(userId: string, productId: number): Promise<void> {
    await this.watchlist.createQueryBuilder().delete().useTransaction(true).where({ userId, productId }).execute();
  }

  /** Newest on the list first. */
  page(userId: string, slice: { offset: number; limit: number }): Promise<WatchedProduct[]> {
    const page = {
      where: { userId },
      relations: { product: true },
      order: { addedAt: 'DESC', productId: 'DESC' },
      skip: slice.offset,
      take: slice.limit,
    } as const;
    return this.gate.run('account', { page: [userId, slice] }, ({ manager }) => manager.find(WatchedProduct, page));
  }

  /** What the list adds up to, and the products on it. */
  async summary(userId: string): Promise<{ summary: DashboardSummaryDto; productIds: number[] }> {
    const row = await this.gate.run('account', { summary: userId }, (runner) =>
      this.watchlist
        .createQueryBuilder('w', runner)
        .innerJoin('w.product', 'p')
        .select('count(*)', 'watched')
        .addSelect('count(*) FILTER (WHERE p.stock > 0)', 'in_stock')
        .addSelect('coalesce(sum(p.price), 0)', 'total_price')
        .addSelect('array_agg(p.id)', 'ids')
        .where('w.userId = :userId', { userId })
        .getRawOne<Record<keyof DashboardSummaryDto, string> & { ids: number[] | null }>(),
    );
    const summary = {
      watched: Number(row?.watched ?? 0),
      in_stock: Number(row?.in_stock ?? 0),
      total_price: Number(row?.total_price ?? 0),
    };
    return { summary, productIds: row?.ids ?? [] };
  }
}

/** Products on one list: each is a dependency of the cached dashboard, so there has to be an end to them. */
export const MAX_WATCHED = 500;

/**
 * One statement, so that a product deleted meanwhile is "not there" rather than a broken foreign key: its row is locked against that
 * until the new line is in.
 */
const ADD = `
  WITH product AS (SELECT id FROM products WHERE id = $2 FOR KEY SHARE),
       here AS (SELECT FROM watchlist WHERE user_id = $1 AND product_id = $2),
       added AS (
         INSERT INTO watchlist (user_id, product_id)
         SELECT $1, id FROM product WHERE (SELECT count(*) FROM watchlist WHERE user_id = $1) < $3
         ON CONFLICT DO NOTHING
         RETURNING product_id)
  SELECT EXISTS (SELECT FROM added) OR EXISTS (SELECT FROM here) AS watched FROM product`;
