import { Inject, Injectable } from '@nestjs/common';
import { PAGE_SIZE, Problem } from '../http';
import { ProductDto } from '../products';
import { DashboardSummaryDto, WatchedProductDto } from './dashboard.dto';
import { WatchlistRepository } from './watchlist.repository';

export interface Dashboard {
  summary: DashboardSummaryDto;
  results: WatchedProductDto[];
}

/** What belongs to one user. */
@Injectable()
export class AccountService {
  constructor(@Inject(WatchlistRepository) private readonly watchlist: WatchlistRepository) {}

  async dashboard(userId: string, page: number): Promise<Dashboard> {
    const [summary, watched] = await Promise.all([
      this.watchlist.summary(userId),
      this.watchlist.page(userId, { offset: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }),
    ]);
    const results = watched.map(({ product, addedAt }) => ({
      ...ProductDto.of(product),
      watched_at: addedAt.toISOString(),
    }));
    return { summary, results };
  }

  /** Doing it twice is doing it once. @throws Problem 404 */
  async watch(userId: string, productId: number): Promise<void> {
    const known = await this.watchlist.add(userId, productId);
    if (!known) throw new Problem(404, `There is no product ${productId}.`);
  }

  /** What is not on the list is off it already. */
  unwatch(userId: string, productId: number): Promise<void> {
    return this.watchlist.remove(userId, productId);
  }
}
