import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ReadGate } from '../database';
import { WatchedProduct } from './watched-product.entity';

@Injectable()
export class WatchlistRepository {
  constructor(
    @InjectRepository(WatchedProduct) private readonly watchlist: Repository<WatchedProduct>,
    @Inject(ReadGate) private readonly gate: ReadGate,
  ) {}

  async add(userId: string, productId: number): Promise<'watched' | 'unknown' | 'full'> {
    // In a transaction, as the removal is, so that the response can name the tags that it invalidated.
    const [row] = await this.watchlist.manager.transaction(async (manager) => {
      // Two that are added at once would both find room for one. A statement of its own: the next one sees what the holder has added.
      await manager.query(LOCK, [userId]);
      return manager.query<{ watched: boolean }[]>(ADD, [userId, productId, MAX_WATCHED]);
    });
    if (!row) return 'unknown';
    return row.watched ? 'watched' : 'full';
  }

  async remove(userId: string, productId: number): Promise<void> {
    await this.watchlist.createQueryBuilder().delete().useTransaction(true).where({ userId, productId }).execute();
  }

  /** The products that a user watches, and since when; the newest on the list first. */
  lines(userId: string): Promise<Pick<WatchedProduct, 'productId' | 'addedAt'>[]> {
    const lines = {
      select: { productId: true, addedAt: true },
      where: { userId },
      order: { addedAt: 'DESC', productId: 'DESC' },
    } as const;
    return this.gate.run('account', { lines: userId }, ({ manager }) => manager.find(WatchedProduct, lines));
  }
}

/** Products on one list: each is a dependency of the cached dashboard, so there has to be an end to them. */
export const MAX_WATCHED = 500;

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('watchlist:' || $1, 0))`;

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
