import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { DashboardSummaryDto } from './dashboard.dto';
import { WatchedProduct } from './watched-product.entity';

@Injectable()
export class WatchlistRepository {
  constructor(@InjectRepository(WatchedProduct) private readonly watchlist: Repository<WatchedProduct>) {}

  /** @returns false where there is no such product */
  async add(userId: string, productId: number): Promise<boolean> {
    // In a transaction, as is the removal, so that the answer can name what it evicted.
    const rows = await this.watchlist.manager.transaction((manager) => {
      return manager.query<unknown[]>(ADD, [userId, productId]);
    });
    return rows.length > 0;
  }

  async remove(userId: string, productId: number): Promise<void> {
    await this.watchlist.createQueryBuilder().delete().useTransaction(true).where({ userId, productId }).execute();
  }

  /** Newest on the list first. */
  page(userId: string, slice: { offset: number; limit: number }): Promise<WatchedProduct[]> {
    return this.watchlist.find({
      where: { userId },
      relations: { product: true },
      order: { addedAt: 'DESC', productId: 'DESC' },
      skip: slice.offset,
      take: slice.limit,
    });
  }

  async summary(userId: string): Promise<DashboardSummaryDto> {
    const row = await this.watchlist
      .createQueryBuilder('w')
      .innerJoin('w.product', 'p')
      .select('count(*)', 'watched')
      .addSelect('count(*) FILTER (WHERE p.stock > 0)', 'in_stock')
      .addSelect('coalesce(sum(p.price), 0)', 'total_price')
      .where('w.userId = :userId', { userId })
      .getRawOne<Record<keyof DashboardSummaryDto, string>>();
    return {
      watched: Number(row?.watched ?? 0),
      in_stock: Number(row?.in_stock ?? 0),
      total_price: Number(row?.total_price ?? 0),
    };
  }
}

/**
 * One statement, so that a product deleted meanwhile is "not there" rather than a broken foreign key: its row is locked against that
 * until the new line is in.
 */
const ADD = `
  WITH product AS (SELECT id FROM products WHERE id = $2 FOR KEY SHARE),
       added AS (INSERT INTO watchlist (user_id, product_id) SELECT $1, id FROM product ON CONFLICT DO NOTHING)
  SELECT id FROM product`;
